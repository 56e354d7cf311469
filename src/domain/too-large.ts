/** An event that no record can hold becomes its own refusal, in its place: same position, same command, same asker. */
import type { Event, EventType } from '../../schemas/events.ts';
import { eventBytesMax } from '../../schemas/record.ts';
import { eventOf, rejectedFact } from './event-of.ts';

/** Which command an event answers, for those whose name tells it otherwise. */
const commandByEvent: Partial<Record<EventType, string>> = {
  'group.created': 'group.create',
  'group.configured': 'group.configure',
  'group.servers-set': 'group.set-servers',
  'server.registered': 'server.register',
  'deployment.requested': 'deployment.request',
  'release.requested': 'release.request',
  'server.configured': 'server.configure',
  'balancer.registered': 'balancer.register',
};

/** The `too-large` rejection in place of `event`, which took `encodedBytes`. To be folded instead of it. */
export function tooLarge(event: Event, encodedBytes: number): Event {
  const command = commandByEvent[event.type] ?? event.type;
  const next =
    event.type === 'group.servers-set' ? 'split it: {"add": […], "remove": […]} with fewer servers each' : undefined;
  const { warnings: _, ...head } = event;
  return eventOf(
    head,
    rejectedFact(command, {
      code: 'too-large',
      message: `the event of ${command} would take ${encodedBytes} bytes, ${eventBytesMax} at most`,
      ...(next === undefined ? {} : { next }),
    }),
  );
}
