/** What a wait tells people: the steps worth a line, and what is so once it is over. Pure. */
import type { Event } from '../../schemas/events.ts';

export interface DoneText {
  readonly word: string;
  readonly rest: string;
}

/** What is so once the wait is over; `text` is the event's own sentence. */
export function doneText(event: Event, text: string): DoneText {
  const done = (sentence: string): DoneText => ({ word: 'done', rest: `: ${sentence}` });
  switch (event.type) {
    case 'server.draining':
      return done(`server ${event.data.server} is out of the pool of ${event.data.group}`);
    case 'server.leaving':
    case 'server.retiring':
      return done(`server ${event.data.server} has left ${event.data.group}`);
    case 'server.replacing': {
      const { server, by, group } = event.data;
      return done(`server ${by} is in traffic, and server ${server} has left ${group}`);
    }
    case 'server.uncordoned':
    case 'server.retried':
      return done(`server ${event.data.server} holds everything and is in the pool of ${event.data.group}`);
    default:
      return { word: 'done', rest: `, and in traffic: ${text}` };
  }
}

/** Whether the event is a step people wait to see in one of these groups. */
export function isStepIn(event: Event, groups: readonly string[]): boolean {
  switch (event.type) {
    case 'server.ready':
    case 'server.sync-failed':
    case 'server.left':
    case 'server.joined':
    case 'server.drained':
    case 'server.replaced':
    case 'rollout.advanced':
    case 'rollout.paused':
    case 'rollout.resumed':
    case 'rollout.promoted':
    case 'rollout.aborted':
    case 'rollout.retried':
    case 'rollout.switched':
    case 'rollout.failed':
    case 'rollout.rolled-back':
    case 'rollout.succeeded':
    case 'pool.held':
    case 'pool.released':
      return groups.includes(event.data.group);
    case 'server.lost':
    case 'server.returned':
      return event.data.group !== null && groups.includes(event.data.group);
    default:
      return false;
  }
}
