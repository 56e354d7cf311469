/** Why it is as it is: the events that led there, newest first, each with what it follows from; and what would change it. */
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { momentText } from '../../components/time-text.ts';
import type { WhyView } from '../../data/shapes.ts';
import { useWhy } from '../../data/views.ts';

export function WhyPanel({ path }: { readonly path: string }) {
  const why = useWhy(path);
  return (
    <Panel title="Why">
      <Reading of={why} what="why that is so">
        {({ standing, steps }) => (
          <>
            <p>
              <strong>{standing.status}</strong>
              {standing.reason === '' ? '' : `: ${standing.reason}`}
            </p>
            <ol className="why">
              {steps.map((step) => (
                <WhyStep key={step.event.position} step={step} />
              ))}
            </ol>
            <h3>For it to change</h3>
            <ul className="reasons">
              {standing.next.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </>
        )}
      </Reading>
    </Panel>
  );
}

function WhyStep({ step: { text, cause, event } }: { readonly step: WhyView['steps'][number] }) {
  const { position, at, principal, reason } = event;
  return (
    <li>
      <p>
        {text}
        {reason === undefined ? null : <span className="faint"> “{reason}”</span>}
      </p>
      <p className="faint">
        <Link to={`/history?position=${position}`} className="mono">
          {position}
        </Link>{' '}
        {momentText(at)}, {causeText(cause, principal)}
      </p>
    </li>
  );
}

function causeText(cause: WhyView['steps'][number]['cause'], principal: string): string {
  switch (cause.kind) {
    case 'event':
      return `since ${cause.position}`;
    case 'command':
      return `${principal} asked`;
    case 'observed':
      return cause.what;
  }
}
