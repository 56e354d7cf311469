/** Every subject Muster uses, built in one place (DESIGN: `muster.<fleet>.…`) and parsed back where we receive. */
import type { BalancerId, CommandId, FleetId, GroupId, Principal, ProjectId, ServerId } from './ids.ts';

export const subjects = {
  command: (fleet: FleetId, principal: Principal, type: string) => `muster.${fleet}.cmd.${principal}.${type}`,
  do: (fleet: FleetId, principal: Principal, type: string) => `muster.${fleet}.do.${principal}.${type}`,
  allCommands: (fleet: FleetId) => `muster.${fleet}.cmd.>`,
  allDo: (fleet: FleetId) => `muster.${fleet}.do.>`,
  log: (fleet: FleetId) => `muster.${fleet}.log`,
  event: (fleet: FleetId, concern: Concern) => `muster.${fleet}.event.${concern.kind}.${concern.id}`,
  allEvents: (fleet: FleetId) => `muster.${fleet}.event.>`,
  assignment: (fleet: FleetId, server: ServerId) => `muster.${fleet}.server.${server}.assignment`,
  desired: (fleet: FleetId, group: GroupId) => `muster.${fleet}.group.${group}.desired`,
  directive: (fleet: FleetId, group: GroupId, server: ServerId) => subjects.directivesOf(fleet, group) + server,
  /** What the directives of a group begin with; a server's name follows. */
  directivesOf: (fleet: FleetId, group: GroupId): string => `muster.${fleet}.group.${group}.server.`,
  groupStatus: (fleet: FleetId, group: GroupId) => `muster.${fleet}.group.${group}.status`,
  poolEntry: (fleet: FleetId, group: GroupId, server: ServerId) => subjects.poolEntriesOf(fleet, group) + server,
  /** What the entries of a group's pool begin with; a server's name follows. */
  poolEntriesOf: (fleet: FleetId, group: GroupId): string => `muster.${fleet}.pool.${group}.server.`,
  poolRevision: (fleet: FleetId, group: GroupId) => `muster.${fleet}.pool.${group}.revision`,
  allPoolRevisions: (fleet: FleetId) => `muster.${fleet}.pool.*.revision`,
  pool: (fleet: FleetId, group: GroupId) => `muster.${fleet}.pool.${group}.>`,
  allPools: (fleet: FleetId) => `muster.${fleet}.pool.>`,
  beat: (fleet: FleetId, server: ServerId) => `muster.${fleet}.beat.${server}`,
  allBeats: (fleet: FleetId) => `muster.${fleet}.beat.*`,
  receipt: (fleet: FleetId, server: ServerId) => `muster.${fleet}.receipt.${server}`,
  allReceipts: (fleet: FleetId) => `muster.${fleet}.receipt.*`,
  applied: (fleet: FleetId, balancer: BalancerId, group: GroupId) => `muster.${fleet}.applied.${balancer}.${group}`,
  allApplied: (fleet: FleetId) => `muster.${fleet}.applied.*.*`,
  query: (fleet: FleetId, name: string) => `muster.${fleet}.query.${name}`,
  allQueries: (fleet: FleetId) => `muster.${fleet}.query.*`,
  leaderBeat: (fleet: FleetId) => `muster.${fleet}.coordinator.beat`,
  replicaBeat: (fleet: FleetId) => `muster.${fleet}.coordinator.replica`,
  /** Answered by the leader alone: no responder means that nobody leads. A hint for haste, never for safety. */
  leader: (fleet: FleetId) => `muster.${fleet}.coordinator.leader`,
  /** Where the outcome of a command published straight to COMMANDS goes: derived, never named by the message. */
  outcome: (principal: Principal, id: CommandId) => `_INBOX_${principal}.${id}`,
  allOutcomes: (principal: Principal) => `_INBOX_${principal}.*`,
} as const;

/** What an event is filed under in the feed. */
export interface Concern {
  readonly kind: 'group' | 'server' | 'project' | 'balancer' | 'fleet';
  readonly id: GroupId | ServerId | ProjectId | BalancerId | FleetId;
}

/** The identity and the verb a command's subject carries; undefined when it is no command subject. */
export function parseCommandSubject(subject: string): { principal: string; type: string } | undefined {
  const [root, fleet, kind, principal, noun, verb, ...rest] = subject.split('.');
  if (root !== 'muster' || fleet === undefined || (kind !== 'cmd' && kind !== 'do')) return undefined;
  if (principal === undefined || noun === undefined || verb === undefined || rest.length > 0) return undefined;
  return { principal, type: `${noun}.${verb}` };
}

/** The last token of a subject: the server of a beat or receipt, the group of an applied, the name of a query. */
export function lastToken(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

/** Of a pool's subjects the one of its revision. By its length: a server may be called `revision` too. */
export function isRevisionSubject(subject: string): boolean {
  return subject.split('.').length === 5;
}
