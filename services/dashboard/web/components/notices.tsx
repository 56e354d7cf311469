/**
 * What just happened to what somebody asked, told once to eyes and ears: at the corner of the page, in a live region.
 * Good news goes by itself; trouble stays until it is put away.
 */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';

export interface Notice {
  readonly text: string;
  readonly look: 'good' | 'warning' | 'bad';
  /** What to do next. */
  readonly next?: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

interface Notices {
  readonly say: (notice: Notice) => void;
}

const NoticesContext = createContext<Notices>({ say: () => undefined });

/** Long enough to read two sentences. */
const goodMs = 7_000;
/** The newest ones; older trouble is in the log. */
const shownMax = 4;

export function useNotices(): Notices {
  return useContext(NoticesContext);
}

export function NoticesProvider({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<readonly (Notice & { readonly id: number })[]>([]);
  const ids = useRef(0);
  const drop = useCallback((id: number) => setShown((all) => all.filter((notice) => notice.id !== id)), []);
  const say = useCallback(
    (notice: Notice) => {
      ids.current += 1;
      const id = ids.current;
      setShown((all) => [...all.filter(({ text }) => text !== notice.text), { ...notice, id }].slice(-shownMax));
      if (notice.look === 'good') setTimeout(() => drop(id), goodMs);
    },
    [drop],
  );
  const notices = useMemo(() => ({ say }), [say]);
  return (
    <NoticesContext value={notices}>
      {children}
      <div className="notices" role="log" aria-live="polite" aria-label="What just happened">
        {shown.map((notice) => (
          <NoticeCard key={notice.id} notice={notice} onClose={() => drop(notice.id)} />
        ))}
      </div>
    </NoticesContext>
  );
}

function NoticeCard({ notice, onClose }: { readonly notice: Notice; readonly onClose: () => void }) {
  const { text, look, next, action } = notice;
  return (
    <div className="notice" data-look={look}>
      <div className="notice-text">
        <p>{text}</p>
        {next === undefined || next === '' ? null : <p className="soft">Next: {next}</p>}
        {action === undefined ? null : (
          <AriaButton
            className="button"
            data-size="small"
            onPress={() => {
              onClose();
              action.run();
            }}
          >
            {action.label}
          </AriaButton>
        )}
      </div>
      <AriaButton className="button" data-look="quiet" data-size="small" aria-label="Put away" onPress={onClose}>
        ✕
      </AriaButton>
    </div>
  );
}
