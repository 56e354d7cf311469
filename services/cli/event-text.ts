/** One line a event, for people: `log` shows it, and so does every command that waits. Pure. */
import type { Event, EventData, EventType } from '../../schemas/events.ts';

type Sentence<T extends EventType> = (data: EventData<T>) => string;
const several = (names: readonly string[]) =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
const versioned = ({ project, version }: { project: string; version?: string | undefined }) =>
  version === undefined ? project : `${project}@${version}`;

const sentences: { readonly [T in EventType]: Sentence<T> } = {
  'fleet.created': ({ fleet, groups }) => `fleet ${fleet} begins with the groups ${several(groups)}`,
  'coordinator.elected': ({ term, instance }) => `coordinator ${instance} leads term ${term}`,
  'command.rejected': ({ command, rejection }) => `${command} refused (${rejection.code}): ${rejection.message}`,
  'group.created': ({ name }) => `group ${name} is there`,
  'group.configured': ({ group, policy }) => `group ${group} drains for ${policy.drainTimeoutMs} ms at most`,
  'group.deleted': ({ group }) => `group ${group} is gone`,
  'group.servers-set': ({ group, joined, leaving }) =>
    `group ${group}: ${joined.length === 0 ? 'nobody' : several(joined)} joins, ${leaving.length === 0 ? 'nobody' : several(leaving)} leaves`,
  'server.registered': ({ server, address }) => `server ${server} is at ${address.host}:${address.port}`,
  'server.configured': ({ server, weight }) => `server ${server} has weight ${weight}`,
  'server.joined': ({ server, group }) => `server ${server} joins ${group}`,
  'server.leaving': ({ server, group }) => `server ${server} leaves ${group}`,
  'server.moving': ({ server, from, group }) => `server ${server} moves from ${from} to ${group}`,
  'server.retiring': ({ server, group }) => `server ${server} retires from ${group}`,
  'server.retired': ({ server }) => `server ${server} is retired`,
  'server.ready': ({ server, group, evidence }) =>
    `server ${server} is ready in ${group}, it holds ${evidence.projects} projects`,
  'server.sync-failed': ({ server, failures }) =>
    `server ${server} could not apply ${failures.map((failure) => `${versioned(failure)} (${failure.text})`).join(', ')}`,
  'server.left': ({ server, group, evidence }) =>
    `server ${server} has left ${group}${evidence.deadlinePassed ? `, cut off with ${evidence.inFlight} in flight` : ''}`,
  'project.published': (data) => `project ${versioned(data)} is published`,
  'project.deprecated': (data) => `project ${versioned(data)} is deprecated`,
  'project.retired': (data) => `project ${versioned(data)} is retired`,
  'deployment.requested': (data) => `${versioned(data)} shall run on ${data.group}`,
  'deployment.withdrawn': ({ project, group }) => `${project} shall no longer run on ${group}`,
  'balancer.registered': ({ balancer, kind, groups }) =>
    `balancer ${balancer} (${kind}) spreads traffic over ${groups === 'all' ? 'all groups' : several(groups)}`,
  'balancer.retired': ({ balancer }) => `balancer ${balancer} is retired`,
};

export function eventText(event: Event): string {
  const sentence = sentences[event.type] as Sentence<EventType>;
  return sentence(event.data);
}

/** The groups whose traffic an event of an operator changes: what a command waits for. */
export function trafficGroups(event: Event): readonly string[] {
  switch (event.type) {
    case 'server.joined':
    case 'server.leaving':
    case 'server.retiring':
    case 'group.servers-set':
    case 'deployment.requested':
    case 'deployment.withdrawn':
      return [event.data.group];
    case 'server.moving':
      return [event.data.from, event.data.group];
    default:
      return [];
  }
}

/** Whether the event is a step people wait to see in one of these groups. */
export function isStepIn(event: Event, groups: readonly string[]): boolean {
  switch (event.type) {
    case 'server.ready':
    case 'server.sync-failed':
    case 'server.left':
    case 'server.joined':
      return groups.includes(event.data.group);
    default:
      return false;
  }
}
