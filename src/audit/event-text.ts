/** One line a event, for people: `log` shows it, and so does every command that waits. Pure. */
import type { Event, EventData, EventType } from '../../schemas/events.ts';
import { durationText } from '../std/durations.ts';
import { oneLine } from '../std/one-line.ts';
import { groupPolicyText } from './policy-text.ts';

type Sentence<T extends EventType> = (data: EventData<T>) => string;
const several = (names: readonly string[]) =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
const versioned = ({ project, version }: { project: string; version?: string | undefined }) =>
  version === undefined ? project : `${project}@${version}`;
const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `web1 joins`, `web1, web2 join`; nothing of nobody. */
const moving = (servers: readonly string[], verb: string) =>
  servers.length === 0 ? [] : [`${several(servers)} ${verb}${servers.length === 1 ? 's' : ''}`];

const sentences: { readonly [T in EventType]: Sentence<T> } = {
  'fleet.created': ({ fleet, groups }) => `fleet ${fleet} begins with the groups ${several(groups)}`,
  'coordinator.elected': ({ term, instance }) => `coordinator ${instance} leads term ${term}`,
  'command.rejected': ({ command, rejection }) => `${command} refused (${rejection.code}): ${rejection.message}`,
  'group.created': ({ name }) => `group ${name} is there`,
  'group.configured': ({ group, policy }) => `group ${group}: ${groupPolicyText(policy)}`,
  'group.deleted': ({ group }) => `group ${group} is gone`,
  'group.servers-set': ({ group, joined, leaving }) =>
    `group ${group}: ${[...moving(joined, 'join'), ...moving(leaving, 'leave')].join(', ') || 'nobody joins or leaves'}`,
  'server.registered': ({ server, address }) => `server ${server} is at ${address.host}:${address.port}`,
  'server.configured': ({ server, weight }) => `server ${server} has weight ${weight}`,
  'server.joined': ({ server, group }) => `server ${server} joins ${group}`,
  'server.leaving': ({ server, group }) => `server ${server} leaves ${group}`,
  'server.moving': ({ server, from, group }) => `server ${server} moves from ${from} to ${group}`,
  'server.retiring': ({ server, group }) => `server ${server} retires from ${group}`,
  'server.retired': ({ server }) => `server ${server} is retired`,
  'server.ready': ({ server, group, evidence }) =>
    `server ${server} is ready in ${group}, it holds ${counted(evidence.projects, 'project')}`,
  'server.sync-failed': ({ server, failures, final }) =>
    `server ${server} could not apply ${failures.map((failure) => `${versioned(failure)} (${failure.text})`).join(', ')}; ${final ? 'it has given up' : 'it tries again'}`,
  'server.left': ({ server, group, next, evidence }) =>
    `server ${server} has left ${group}${next.to === 'group' ? ` for ${next.group}` : ''}${cutOffText(evidence)}`,
  'server.cordoned': ({ server, group }) =>
    `server ${server} is cordoned: once out of the pool of ${group} it does not enter`,
  'server.draining': ({ server, group, until }) =>
    `server ${server} drains out of the pool of ${group}${until === 'registered' ? ', since it stops' : ' and stays a member'}`,
  'server.drained': ({ server, group, evidence }) =>
    `server ${server} is drained: out of the pool of ${group}${cutOffText(evidence)}`,
  'server.uncordoned': ({ server, group }) => `server ${server} may enter the pool of ${group} again`,
  'server.retried': ({ server, group }) => `server ${server} tries again what ${group} shall hold`,
  'server.replacing': ({ server, by, group }) => `server ${by} joins ${group}, then server ${server} leaves`,
  'server.replaced': ({ server, by, group }) => `server ${by} is in the pool of ${group}, so server ${server} leaves`,
  'server.lost': lostText,
  'server.returned': ({ server, group }) => `server ${server} is back${group === null ? '' : ` in ${group}`}`,
  'pool.held': ({ group, servers, size, floor }) =>
    `the pool of ${group} is held as it is, with the lost ${several(servers)}: fewer than ${floor} of ${size} would be below its floor`,
  'pool.released': ({ group }) => `the pool of ${group} is held no more: no lost server is in it`,
  'project.published': (data) => `project ${versioned(data)} is published`,
  'project.deprecated': (data) => `project ${versioned(data)} is deprecated`,
  'project.retired': (data) => `project ${versioned(data)} is retired`,
  'deployment.requested': (data) => `${versioned(data)} shall run on ${data.group}`,
  'release.requested': ({ group, projects }) => `${several(projects.map(versioned))} shall run on ${group}, as one`,
  'deployment.withdrawn': ({ project, group }) => `${project} shall no longer run on ${group}`,
  'deployment.succeeded': (data) =>
    data.evidence.servers === 0
      ? `${versioned(data)} is for all of ${data.group} now: no server is left to prove it first`
      : `${versioned(data)} has succeeded on ${data.group}: ${counted(data.evidence.servers, 'server')} proved it`,
  'rollout.advanced': ({ group, rollout, step, servers }) =>
    `${rolloutOn(group, rollout)} tells ${several(servers)} in step ${step + 1}`,
  'rollout.paused': ({ group, rollout, by }) =>
    `${rolloutOn(group, rollout)} pauses${by === 'step' ? ': its step waits to be promoted' : ''}`,
  'rollout.resumed': ({ group, rollout }) => `${rolloutOn(group, rollout)} goes on`,
  'rollout.promoted': ({ group, rollout, all }) =>
    `${rolloutOn(group, rollout)} is promoted: ${all ? 'nothing left of it' : 'its step'} is waited for`,
  'rollout.aborted': ({ group, rollout }) => `${rolloutOn(group, rollout)} is aborted: it goes back`,
  'rollout.retried': ({ group, rollout }) => `${rolloutOn(group, rollout)} tries its step again`,
  'rollout.switched': ({ group, rollout, to, from }) =>
    `${rolloutOn(group, rollout)} switches the pool from ${from.length === 0 ? 'nobody' : several(from)} to ${several(to)}`,
  'rollout.failed': ({ group, rollout, reason, next }) =>
    `${rolloutOn(group, rollout)} has failed, ${next === 'roll-back' ? 'and goes back' : 'and waits for a person'}: ${reason}`,
  'rollout.rolled-back': ({ group, rollout, evidence }) =>
    `${rolloutOn(group, rollout)} is rolled back: ${counted(evidence.servers, 'server')} ${evidence.servers === 1 ? 'holds' : 'hold'} what was before`,
  'rollout.succeeded': ({ group, rollout, evidence }) =>
    `${rolloutOn(group, rollout)} has succeeded: ${counted(evidence.servers, 'server')} proved it`,
  'balancer.registered': ({ balancer, kind, groups }) =>
    `balancer ${balancer} (${kind}) spreads traffic over ${groups === 'all' ? 'all groups' : several(groups)}`,
  'balancer.retired': ({ balancer }) => `balancer ${balancer} is retired`,
  'balancer.lost': ({ balancer, evidence }) =>
    `balancer ${balancer} is lost: not heard for ${durationText(evidence.leaseMs)}`,
  'balancer.returned': ({ balancer }) => `balancer ${balancer} is back`,
  'log.recovered': ({ at, seen, commands }) =>
    `the log was recovered at position ${at}: ${seen.position > at ? `up to ${seen.position} had been seen` : 'nothing after it had been seen'}; commands in the stream are ${commands === 'skip' ? 'passed over' : 'decided again'}`,
  'log.checkpointed': ({ position, key }) => `the log is proven up to position ${position}, by key ${key}`,
  'log.key-rotated': ({ key, by }) =>
    `key ${key} signs the log from here on${by === key ? '' : `, vouched for by ${by}`}`,
};

function rolloutOn(group: string, rollout: number): string {
  return `rollout ${rollout} on ${group}`;
}

function lostText({ server, group, cause, held, evidence }: EventData<'server.lost'>): string {
  const unwell = `it says it is not well${evidence.problem === undefined ? '' : `: ${evidence.problem}`}`;
  const why = cause === 'unhealthy' ? unwell : `no heartbeat for ${durationText(evidence.leaseMs)}`;
  const where =
    group === null ? '' : held ? `; the floor keeps it in the pool of ${group}` : `; out of ${group}'s pool`;
  return `server ${server} is lost: ${why}${where}`;
}

function cutOffText({
  inFlight,
  uncounted,
  deadlinePassed,
  unconfirmed,
}: EventData<'server.drained'>['evidence']): string {
  if (!deadlinePassed) return '';
  const waited = unconfirmed.length === 0 ? '' : `, ${several(unconfirmed)} had not confirmed`;
  const cutOff = uncounted === true ? 'whatever was in flight, which nobody could count' : `${inFlight} in flight`;
  return `, cut off at the deadline with ${cutOff}${waited}`;
}

export function eventText(event: Event): string {
  const sentence = sentences[event.type] as Sentence<EventType>;
  return oneLine(sentence(event.data));
}

/** Events that people should not miss among the others. */
export function isTrouble({ type }: Pick<Event, 'type'>): boolean {
  switch (type) {
    case 'command.rejected':
    case 'server.sync-failed':
    case 'server.lost':
    case 'pool.held':
    case 'rollout.failed':
    case 'rollout.rolled-back':
    case 'balancer.lost':
      return true;
    default:
      return false;
  }
}
