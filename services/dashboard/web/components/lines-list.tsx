/** Lines of the log, newest first: when, what, and who asked. */
import type { Line } from '../data/shapes.ts';
import { timeText } from './time-text.ts';

export function LinesList({ lines }: { readonly lines: readonly Line[] }) {
  return (
    <ol className="lines">
      {lines.map(({ text, trouble, event: { position, at, principal, reason } }) => (
        <li key={position} className="line" data-trouble={trouble || undefined}>
          <time className="mono faint" dateTime={new Date(at).toISOString()}>
            {timeText(at)}
          </time>
          <span className="line-text">
            {trouble ? <span className="line-flag">!</span> : null}
            {text}
            {reason === undefined ? null : <span className="faint"> “{reason}”</span>}
          </span>
          <span className="line-who faint cut">{principal === 'system' ? '' : principal}</span>
        </li>
      ))}
    </ol>
  );
}
