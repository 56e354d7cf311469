/** What a command waits for once it is decided, by the event that decided it. Pure. */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';

/** The groups whose traffic an event of an operator changes: what a command waits for, in this order. */
export function trafficGroups(event: Event): readonly string[] {
  switch (event.type) {
    case 'server.joined':
    case 'server.leaving':
    case 'server.retiring':
    case 'server.draining':
    case 'server.uncordoned':
    case 'server.retried':
    case 'server.replacing':
    case 'group.servers-set':
    case 'deployment.requested':
    case 'deployment.withdrawn':
    case 'release.requested':
    case 'rollout.resumed':
    case 'rollout.promoted':
    case 'rollout.aborted':
    case 'rollout.retried':
      return [event.data.group];
    case 'server.moving':
      return [event.data.from, event.data.group];
    default:
      return [];
  }
}

/** The rollout an event begins or sets going again, by its group and the position of its request. */
export function rolloutToFollow(event: Event): { readonly group: string; readonly rollout: Position } | undefined {
  switch (event.type) {
    case 'deployment.requested':
    case 'release.requested':
      return { group: event.data.group, rollout: event.position };
    case 'rollout.resumed':
    case 'rollout.promoted':
    case 'rollout.aborted':
    case 'rollout.retried':
      return { group: event.data.group, rollout: event.data.rollout };
    default:
      return undefined;
  }
}

/** Servers that shall be in the pool at the end: one that is lost meanwhile is waited for by nobody, and must be told of. */
export function serversToEnter(event: Event): readonly string[] {
  switch (event.type) {
    case 'server.joined':
    case 'server.uncordoned':
    case 'server.retried':
    case 'server.moving':
      return [event.data.server];
    case 'group.servers-set':
      return event.data.joined;
    default:
      return [];
  }
}

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
