/** One step of a way: done, under way, failed or still to come; by shape, colour and word. */

export interface StepMarkProps {
  readonly name: string;
  readonly look: 'done' | 'doing' | 'failed' | 'waiting' | 'untold';
  readonly note: string;
}

const words = {
  done: 'done',
  doing: 'under way',
  failed: 'failed',
  waiting: 'not yet',
  untold: 'not in the log',
} as const;
const paths = {
  done: 'M8 1.2a6.8 6.8 0 1 1 0 13.6A6.8 6.8 0 0 1 8 1.2zM7 11.6l5-5.4-1.4-1.3L7 8.8 5.3 7.1 4 8.4z',
  doing: 'M8 1.2a6.8 6.8 0 1 1 0 13.6A6.8 6.8 0 0 1 8 1.2zm0 1.7v10.2A5.1 5.1 0 0 0 8 2.9z',
  failed: 'M3.6 1.2 8 5.6l4.4-4.4 2.4 2.4L10.4 8l4.4 4.4-2.4 2.4L8 10.4l-4.4 4.4-2.4-2.4L5.6 8 1.2 3.6z',
  waiting: 'M8 1.2a6.8 6.8 0 1 1 0 13.6A6.8 6.8 0 0 1 8 1.2zm0 1.7a5.1 5.1 0 1 0 0 10.2A5.1 5.1 0 0 0 8 2.9z',
  untold: 'M3 7h10v2H3z',
} as const;

export function StepMark({ name, look, note }: StepMarkProps) {
  return (
    <span className="step" data-look={look} title={`${name}: ${words[look]}`}>
      <svg width="13" height="13" viewBox="0 0 16 16" aria-hidden="true">
        <path d={paths[look]} fill="currentColor" fillRule="evenodd" />
      </svg>
      <span className="unseen">{words[look]}</span>
      {note === '' ? null : <span className="step-note numeric">{note}</span>}
    </span>
  );
}
