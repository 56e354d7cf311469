/**
 * Every fact the log can hold. Stored events are read loosely: a field of a later version is passed over, never an
 * error. An event's `data` says what happened; its head says when, who asked and why.
 */
import { z } from 'zod';
import {
  Address,
  At,
  BalancerId,
  CommandId,
  Digest,
  FleetId,
  GroupId,
  GroupName,
  Labels,
  LogId,
  Position,
  Principal,
  ProjectId,
  ProjectVersion,
  Reason,
  ServerId,
  Term,
} from './ids.ts';
import { StoredPolicy } from './policy.ts';
import { rolloutEventSchemas } from './rollout-events.ts';
import { StoredRolloutPolicy } from './rollout.ts';
import { Checkpoint, KeyRotation } from './proof.ts';
import { Rejection } from './rejection.ts';

const servers = z.array(ServerId);

/** Where a server goes once its drain is over. */
export const LeavesTo = z.discriminatedUnion('to', [
  z.object({ to: z.literal('available') }),
  z.object({ to: z.literal('group'), group: GroupId }),
  z.object({ to: z.literal('retired') }),
]);
/** What a drain was decided to be over on. */
const drainEvidence = z.object({
  /** Requests in flight by the last reading; above 0 only when the deadline cut them off. */
  inFlight: z.int(),
  /** Neither the server nor every balancer could count: what the deadline cut off is not known. */
  uncounted: z.literal(true).optional(),
  deadlinePassed: z.boolean(),
  /** Balancers that had not confirmed the drain when the deadline passed. */
  unconfirmed: z.array(BalancerId),
});
/** Why a server no longer counts: no heartbeat within its lease, or heartbeats that say it is not well. */
const absence = z.enum(['silent', 'unhealthy']);
export type LeavesTo = z.infer<typeof LeavesTo>;

/** What one project did on one server, in the evidence of a sync. */
export const ProjectFailure = z.object({
  project: ProjectId,
  version: ProjectVersion,
  text: z.string(),
});
export type ProjectFailure = z.infer<typeof ProjectFailure>;

export const eventSchemas = {
  'fleet.created': z.object({ fleet: FleetId, log: LogId, groups: z.array(GroupName) }),
  'coordinator.elected': z.object({ term: Term, instance: z.string() }),
  /** A person had a log go on that had gone back: what was after `at` is not part of it, whoever has seen it. */
  'log.recovered': z.object({
    at: Position,
    /** The highest anybody could tell of, at that time. */
    seen: z.object({ term: Term, position: Position }),
    /** Commands that COMMANDS still held: decided again, or passed over. */
    commands: z.enum(['redecide', 'skip']),
    /** Who had it go on. */
    by: Principal,
  }),
  'command.rejected': z.object({
    /** The noun and verb asked for, as far as the subject told; cut to a bounded length. */
    command: z.string(),
    rejection: Rejection,
  }),
  'group.created': z.object({ group: GroupId, name: GroupName, policy: StoredPolicy }),
  'group.configured': z.object({ group: GroupId, policy: StoredPolicy }),
  'group.deleted': z.object({ group: GroupId }),
  /** One command, one event, however many servers: those joining and those beginning to leave, each sorted. */
  'group.servers-set': z.object({ group: GroupId, joined: servers, leaving: servers, drainTimeoutMs: z.int() }),
  'server.registered': z.object({
    server: ServerId,
    address: Address,
    labels: Labels,
    agent: z.string().optional(),
  }),
  'server.configured': z.object({ server: ServerId, labels: Labels, weight: z.int() }),
  'server.joined': z.object({ server: ServerId, group: GroupId }),
  'server.leaving': z.object({ server: ServerId, group: GroupId, drainTimeoutMs: z.int() }),
  'server.moving': z.object({ server: ServerId, from: GroupId, group: GroupId, drainTimeoutMs: z.int() }),
  'server.retiring': z.object({ server: ServerId, group: GroupId, drainTimeoutMs: z.int() }),
  'server.retired': z.object({ server: ServerId }),
  /** Proposed by the leader: the server holds everything `covers` asks for and passed its own health check. */
  'server.ready': z.object({
    server: ServerId,
    group: GroupId,
    /** The directive's position the receipt names. */
    covers: Position,
    evidence: z.object({ receivedAt: At, projects: z.int(), instance: z.string() }),
  }),
  'server.sync-failed': z.object({
    server: ServerId,
    group: GroupId,
    covers: Position,
    failures: z.array(ProjectFailure).max(20),
    /** False: the server tries again by itself, with backoff, under its bound. True: it has given up. */
    final: z.boolean(),
  }),
  /** The drain is over; with what it was decided on. */
  'server.left': z.object({
    server: ServerId,
    group: GroupId,
    next: LeavesTo,
    evidence: drainEvidence,
  }),
  'server.cordoned': z.object({ server: ServerId, group: GroupId }),
  /** `until`: what puts it back; a gateway that stops asks for itself, until it registers again. */
  'server.draining': z.object({
    server: ServerId,
    group: GroupId,
    drainTimeoutMs: z.int(),
    until: z.enum(['uncordoned', 'registered']),
  }),
  /** Proposed by the leader: out of the pool, still a member. */
  'server.drained': z.object({ server: ServerId, group: GroupId, evidence: drainEvidence }),
  'server.uncordoned': z.object({ server: ServerId, group: GroupId }),
  'server.retried': z.object({ server: ServerId, group: GroupId }),
  /** `by` joins now; `server` leaves once `by` is in the pool. */
  'server.replacing': z.object({ server: ServerId, by: ServerId, group: GroupId }),
  /** Proposed by the leader: `by` is in the pool, so `server` begins to leave. */
  'server.replaced': z.object({ server: ServerId, by: ServerId, group: GroupId, drainTimeoutMs: z.int() }),
  /** Proposed by the leader. `held`: the floor kept it in the pool; null group: it was available. */
  'server.lost': z.object({
    server: ServerId,
    group: GroupId.nullable(),
    cause: absence,
    held: z.boolean(),
    /** `problem`: why it is not well, as its last heartbeat said. */
    evidence: z.object({ seenAt: At, leaseMs: z.int(), problem: z.string().optional() }),
  }),
  /** Proposed by the leader: its heartbeats are back; it enters the pool again by a receipt. */
  'server.returned': z.object({ server: ServerId, group: GroupId.nullable() }),
  /** Proposed by the leader: the pool stays as it was though these servers are lost, since less would break the floor. */
  'pool.held': z.object({ group: GroupId, servers: z.array(ServerId).max(20), size: z.int(), floor: z.int() }),
  /** Proposed by the leader: no lost server is in the pool any more. */
  'pool.released': z.object({ group: GroupId }),
  'balancer.lost': z.object({ balancer: BalancerId, evidence: z.object({ seenAt: At, leaseMs: z.int() }) }),
  'balancer.returned': z.object({ balancer: BalancerId }),
  'project.published': z.object({ project: ProjectId, version: ProjectVersion, digest: Digest, bytes: z.int() }),
  'project.deprecated': z.object({ project: ProjectId, version: ProjectVersion.optional() }),
  'project.retired': z.object({ project: ProjectId, version: ProjectVersion.optional() }),
  /** `rollout`: the policy it is carried out under. `supersedes`: the rollout under way that it takes the place of. */
  'deployment.requested': z.object({
    group: GroupId,
    project: ProjectId,
    version: ProjectVersion,
    digest: Digest,
    bytes: z.int(),
    rollout: StoredRolloutPolicy,
    supersedes: Position.nullable(),
    /** Only in logs from before there were rollouts: the request itself told every member. */
    tellsAll: z.boolean().optional(),
  }),
  'release.requested': z.object({
    group: GroupId,
    projects: z.array(z.object({ project: ProjectId, version: ProjectVersion, digest: Digest, bytes: z.int() })),
    rollout: StoredRolloutPolicy,
    supersedes: z.array(Position),
  }),
  ...rolloutEventSchemas,
  /** Only in logs from before there were rollouts, whose `rollout.succeeded` it is. Never written any more. */
  'deployment.succeeded': z.object({
    group: GroupId,
    project: ProjectId,
    version: ProjectVersion,
    evidence: z.object({ servers: z.int() }),
  }),
  'deployment.withdrawn': z.object({ group: GroupId, project: ProjectId }),
  'balancer.registered': z.object({
    balancer: BalancerId,
    kind: z.string(),
    groups: z.union([z.literal('all'), z.array(GroupId)]),
  }),
  'balancer.retired': z.object({ balancer: BalancerId }),
  /** Proposed by the leader: its signature over a record of this log that is durable. */
  'log.checkpointed': Checkpoint,
  /** Proposed by the leader: whose signatures count from here on. */
  'log.key-rotated': KeyRotation,
} as const;

export type EventType = keyof typeof eventSchemas;
export type EventData<T extends EventType = EventType> = z.infer<(typeof eventSchemas)[T]>;
export const eventTypes = Object.keys(eventSchemas) as EventType[];

const head = {
  position: Position,
  /** The version of the event type's shape; upcasters lift older ones at the read edge. */
  version: z.int().min(1),
  /** max(previous `at`, `askedAt`, the leader's clock when it decided). */
  at: At,
  /** The command's own JetStream stamp, if a command was behind it. */
  askedAt: At.optional(),
  principal: Principal,
  /** The command it answers: its id, and the hash that tells a repeat from a reuse (16 bytes of SHA-256, hex). */
  command: z.object({ id: CommandId, hash: z.string() }).optional(),
  reason: Reason.optional(),
  /** What the asker should know though the command was accepted. */
  warnings: z.array(z.string()).optional(),
};

export interface EventHead {
  readonly position: Position;
  readonly version: number;
  readonly at: number;
  readonly askedAt?: number | undefined;
  readonly principal: Principal;
  readonly command?: { readonly id: CommandId; readonly hash: string } | undefined;
  readonly reason?: string | undefined;
  readonly warnings?: readonly string[] | undefined;
}

/** An event as the log holds it: head, type and data. */
export type Event<T extends EventType = EventType> = {
  [K in T]: EventHead & { readonly type: K; readonly data: EventData<K> };
}[T];

/** What happens to a rollout once it was asked for. */
export type RolloutEvent = Extract<Event, { readonly type: `rollout.${string}` }>;

const eventUnion = eventTypes.map((type) =>
  z.object({ ...head, type: z.literal(type), data: eventSchemas[type] }),
) as unknown as [z.ZodType<Event>, ...z.ZodType<Event>[]];

/** Parses one event of today's shapes. Built once: discriminated unions are fast only at module level. */
export const Event = z.discriminatedUnion('type', eventUnion as never) as unknown as z.ZodType<Event>;
