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
