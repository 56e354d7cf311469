/** An event as the API tells it: with the sentence people read, made once however many listen. */
import { z } from 'zod';
import { Event } from '../../schemas/events.ts';
import { eventText, isTrouble } from '../../src/audit/event-text.ts';

export const ToldEvent = z.object({
  /** What happened, in one line. */
  text: z.string(),
  /** What people should not miss among the others. */
  trouble: z.boolean(),
  event: Event,
});
export type ToldEvent = z.infer<typeof ToldEvent>;

const jsonByEvent = new WeakMap<Event, string>();

export function toldEvent(event: Event): ToldEvent {
  return { text: eventText(event), trouble: isTrouble(event), event };
}

export function toldEventJson(event: Event): string {
  let json = jsonByEvent.get(event);
  if (json === undefined) {
    json = JSON.stringify(toldEvent(event));
    jsonByEvent.set(event, json);
  }
  return json;
}
