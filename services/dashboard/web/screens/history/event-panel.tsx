/** One event, whole: its sentence, what it follows from, what became of it, and its data as the log has it. */
import { useQuery } from '@tanstack/react-query';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { clockText } from '../../components/time-text.ts';
import { read } from '../../data/api.ts';
import { goTo } from '../../data/place.ts';
import type { Line, Many } from '../../data/shapes.ts';
import { WhyPanel } from '../server/why-panel.tsx';

export interface EventPanelProps {
  readonly position: number | null;
  /** Those read already. */
  readonly lines: readonly Line[];
}

export function EventPanel({ position, lines }: EventPanelProps) {
  if (position === null) {
    return (
      <Panel title="One event">
        <p className="soft">Choose an event to see why it happened, what became of it, and what it holds.</p>
      </Panel>
    );
  }
  const known = lines.find(({ event }) => event.position === position);
  return (
    <>
      {known === undefined ? <FoundEvent position={position} /> : <EventFacts line={known} />}
      <WhyPanel key={position} path={`position/${position}`} />
    </>
  );
}

function FoundEvent({ position }: { readonly position: number }) {
  const lines = useQuery({
    queryKey: ['rail', position],
    queryFn: ({ signal }) =>
      read<Many<Line>>('/v1/events', { query: { from: position, to: position, limit: 1 }, signal }),
  });
  return (
    <Reading of={lines} what={`event ${position}`}>
      {({ items: [line] }) => (line === undefined ? <p>There is no event {position}.</p> : <EventFacts line={line} />)}
    </Reading>
  );
}

function EventFacts({ line: { text, event } }: { readonly line: Line }) {
  return (
    <Panel
      title={`Event ${event.position}`}
      actions={
        <Button size="small" onPress={() => goTo(event.position)}>
          See it as it was then
        </Button>
      }
    >
      <p>{text}</p>
      <dl className="facts">
        <dt>Type</dt>
        <dd className="mono">{event.type}</dd>
        <dt>When</dt>
        <dd>{clockText(event.at)}</dd>
        <dt>Who asked</dt>
        <dd>{event.principal}</dd>
        {event.reason === undefined ? null : (
          <>
            <dt>Reason</dt>
            <dd>{event.reason}</dd>
          </>
        )}
      </dl>
      <details className="raw">
        <summary>As the log has it</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard to be scrolled. */}
        <pre className="mono" tabIndex={0}>
          {JSON.stringify(event, null, 2)}
        </pre>
      </details>
    </Panel>
  );
}
