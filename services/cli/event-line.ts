/** One event as one line, for people: position, time, event, who asked, and what happened. */
import type { Event } from '../../schemas/events.ts';
import type { Paint } from './paint.ts';

/** Loaded only where a line is shown. */
export async function eventLine(event: Event): Promise<string> {
  const { eventText, isTrouble } = await import('../../src/audit/event-text.ts');
  const { createPaint, wantsColour } = await import('./paint.ts');
  const paint = createPaint(wantsColour(process.stdout, process.env) && !process.argv.includes('--no-color'));
  return lineOf(event, { text: eventText(event), isTrouble: isTrouble(event), paint });
}

function lineOf(
  event: Event,
  { text, isTrouble, paint }: { readonly text: string; readonly isTrouble: boolean; readonly paint: Paint },
): string {
  const at = new Date(event.at).toISOString().replace('T', ' ').slice(0, 19);
  const reason = event.reason === undefined ? '' : paint.dim(` (${event.reason})`);
  const type = isTrouble ? paint.red : paint.bold;
  const columns = [
    String(event.position).padStart(6),
    paint.dim(at),
    type(event.type.padEnd(20)),
    paint.dim(event.principal.padEnd(14)),
  ];
  return `${columns.join('  ')}  ${text}${reason}`;
}
