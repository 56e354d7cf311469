/** The answer to `why` as people read it: how it stands, what must happen, and the chain that led there. Pure. */
import type { Cause } from '../../src/audit/why-cause.ts';
import type { Step, Why } from '../../src/audit/why.ts';
import { eventText } from '../../src/audit/event-text.ts';
import { oneLine } from '../../src/std/one-line.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';

export function whyPage({ ask, standing, steps }: Why, paint: Paint): string {
  const { status, reason, next } = standing;
  const why = reason === '' ? '' : `: ${oneLine(reason)}`;
  // What a position was about has gone on since.
  const verb = ask.kind === 'position' ? ', by now:' : ' is';
  const lines = [`${paint.bold(nameOf(ask))}${verb} ${status}${why}`];
  for (const line of next) lines.push(`${paint.dim('next')}  ${oneLine(line)}`);
  const rows = steps.map(({ event, cause }) => [
    String(event.position),
    new Date(event.at).toISOString().replace('T', ' ').slice(0, 19),
    event.principal,
    `${eventText(event)}${event.reason === undefined ? '' : ` (${oneLine(event.reason)})`}`,
    causeText(cause),
  ]);
  const columns = ['position', 'time', 'who', 'what happened', 'because of'];
  return `${lines.join('\n')}\n\n${renderTable({ columns, rows, empty: 'the log tells nothing of it' }, paint)}`;
}

/** Each step with its sentence, so that a program need not make it. */
export function whyData({ steps, ...rest }: Why): object {
  return { ...rest, steps: steps.map(({ event, cause }: Step) => ({ text: eventText(event), cause, event })) };
}

function nameOf(ask: Why['ask']): string {
  switch (ask.kind) {
    case 'server':
      return `server ${ask.server}`;
    case 'group':
      return `group ${ask.group}`;
    case 'deployment':
      return `${ask.project} on ${ask.group}`;
    default:
      return `position ${ask.position}`;
  }
}

function causeText(cause: Cause): string {
  switch (cause.kind) {
    case 'event':
      return `position ${cause.position}`;
    case 'command':
      return `command ${cause.id}`;
    default:
      return cause.what;
  }
}
