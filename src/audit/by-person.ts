/** Whether an event is what a person did about a rollout, on what they saw of it: itself, or its projects anew. Pure. */
import type { Event } from '../../schemas/events.ts';
import type { GroupId, Position } from '../../schemas/ids.ts';

interface About {
  readonly group: GroupId;
  readonly rollout: Position;
  readonly projects: ReadonlySet<string>;
}

export function isByPerson(event: Event, { group, rollout, projects }: About): boolean {
  const isOwn = 'rollout' in event.data && event.data.rollout === rollout;
  switch (event.type) {
    case 'rollout.paused':
      return isOwn && event.data.by === 'operator';
    case 'rollout.resumed':
    case 'rollout.promoted':
    case 'rollout.aborted':
    case 'rollout.retried':
      return isOwn;
    case 'deployment.requested':
    case 'deployment.withdrawn':
      return event.data.group === group && projects.has(event.data.project);
    case 'release.requested':
      return event.data.group === group && event.data.projects.some(({ project }) => projects.has(project));
    case 'group.deleted':
      return event.data.group === group;
    default:
      return false;
  }
}
