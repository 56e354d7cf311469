/** Who looks, at what, over which connection; and the light it is seen in. */
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { useConnection } from '../../data/client.ts';
import { useSession } from '../../data/views.ts';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

export function Foot() {
  const { data: session } = useSession();
  const connection = useConnection();
  const [theme, setTheme] = useState<Theme>(() => (document.documentElement.dataset['theme'] as Theme) ?? 'system');
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  const change = () => {
    setTheme(next);
    keepTheme(next);
  };
  const leader = connection.status === 'live' ? connection.leader : null;
  return (
    <div className="foot">
      <p className="foot-line">
        {connection.status === 'live' ? (
          <StatusMark mark="live" word="Live" />
        ) : (
          <StatusMark mark="lost" word={connection.status === 'lost' ? 'Not connected' : 'Connecting'} />
        )}
        {leader === null ? null : <span className="faint cut">{leader}</span>}
      </p>
      {session === undefined ? null : (
        <p className="foot-line faint">
          <span className="cut">
            {session.principal} · {session.role}
          </span>
        </p>
      )}
      <div className="foot-line">
        <Button size="small" look="quiet" onPress={change} aria-label={`Theme: ${theme}. Change to ${next}`}>
          Theme: {theme}
        </Button>
        <span className="faint">
          <kbd>Ctrl</kbd> <kbd>K</kbd>
        </span>
      </div>
    </div>
  );
}

function keepTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset['theme'];
    localStorage.removeItem('muster.theme');
    return;
  }
  document.documentElement.dataset['theme'] = theme;
  localStorage.setItem('muster.theme', theme);
}
