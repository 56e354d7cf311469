/** What `muster.<fleet>.query.<name>` answers: read models of the log, each with the position it is true for. */
import { z } from 'zod';
import {
  Address,
  At,
  BalancerId,
  Digest,
  GroupId,
  GroupName,
  Labels,
  LogId,
  Position,
  Principal,
  ProjectId,
  ProjectVersion,
  ServerId,
  Term,
} from './ids.ts';
import { CoordinatorView } from './coordinators.ts';
import { DesiredProject, HeldProject } from './directive.ts';
import { ProjectFailure } from './events.ts';
import { GroupStatus, ServerStatus } from './group-status.ts';
import { GroupPolicy } from './policy.ts';
import { RolloutPolicy, RolloutStatus } from './rollout.ts';

/** Requests of clients over the last seconds, by what gateways count. */
export const TrafficRate = z.object({
  requestsPerSecond: z.number(),
  /** Of these, failed (5xx). */
  errorsPerSecond: z.number(),
  /** Mean; null: none was answered. */
  latencyMs: z.number().nullable(),
});
export type TrafficRate = z.infer<typeof TrafficRate>;

/** What flows through a group, by its servers' heartbeats. Null: none of them can tell. */
export const GroupTraffic = z.object({
  group: GroupId,
  servers: z.int(),
  /** In flight, and on how many servers that is known. */
  inFlight: z.int().nullable(),
  inFlightKnown: z.int(),
  rate: TrafficRate.nullable(),
  rateKnown: z.int(),
});
export type GroupTraffic = z.infer<typeof GroupTraffic>;

export const ServerView = z.object({
  server: ServerId,
  status: ServerStatus,
  /** `at` and position of the event that brought this status. */
  sinceAt: At,
  since: Position,
  group: GroupId.nullable(),
  address: Address,
  weight: z.int(),
  labels: Labels,
  agent: z.string().nullable(),
  changedAt: Position,
  /** What it should hold now. */
  desired: z.array(DesiredProject),
  /** The newest receipt's position, null before the first one this leader has seen. */
  receipt: Position.nullable(),
  inFlight: z.int().nullable(),
  /** Null: its gateway cannot count, or has not been heard for long enough. A coordinator of an earlier version tells none. */
  traffic: TrafficRate.nullable().default(null),
  /** Last heartbeat this leader has seen. */
  seenAt: At.nullable(),
  /** What it holds by its newest receipt since it joined; null before the first one. */
  held: z.array(HeldProject).nullable(),
  /** While it brings itself to what it should hold: bundles it has, by its newest heartbeat. Null: nothing is under way. */
  sync: z.object({ bundles: z.int(), of: z.int() }).nullable(),
  failures: z.array(ProjectFailure),
  /** It may not enter the pool. */
  cordoned: z.boolean(),
  /** The group's pool lists it, to take new requests or to finish. */
  inPool: z.boolean(),
  /** Position that let it into the pool: a balancer that has applied it sends to it. Null: it is not in the pool. */
  admittedAt: Position.nullable(),
  /** Why it has this status, in a few words; empty where the status says it all. */
  reason: z.string(),
  /** What happens next, in a few words. */
  next: z.string(),
});
export type ServerView = z.infer<typeof ServerView>;

export const DeploymentView = z.object({
  group: GroupId,
  project: ProjectId,
  version: ProjectVersion,
  digest: Digest,
  changedAt: Position,
  /** Members of the group that hold it by their receipts, of those that should. */
  holding: z.int(),
  servers: z.int(),
});
export type DeploymentView = z.infer<typeof DeploymentView>;

export const GroupView = z.object({
  group: GroupId,
  name: GroupName,
  policy: GroupPolicy,
  changedAt: Position,
  servers: z.array(z.object({ server: ServerId, status: ServerStatus })),
  deployments: z.array(DeploymentView),
  status: GroupStatus.nullable(),
});
export type GroupView = z.infer<typeof GroupView>;

/** A rollout as people read it: how far it is, what it is judged by, and what happens next. */
export const RolloutView = z.object({
  group: GroupId,
  /** Position of its request. */
  rollout: Position,
  status: RolloutStatus,
  /** Why it is paused, halted, rolling back or over; empty where the status says it all. */
  reason: z.string(),
  askedAt: At,
  /** `at` and position of the event that ended it; null: it is under way. */
  endedAt: At.nullable(),
  ended: Position.nullable(),
  /** In their order. `from` null: the group did not carry the project before. */
  targets: z.array(z.object({ project: ProjectId, from: ProjectVersion.nullable(), to: ProjectVersion })),
  /** What is under way; null when it is over. */
  progress: z
    .object({
      policy: RolloutPolicy,
      /** Which of the targets, and which step of it, from 0; step -1: none yet. */
      target: z.int(),
      step: z.int(),
      /** Servers of the group, those told, and those that hold the version and are well. */
      members: z.int(),
      moved: z.int(),
      healthy: z.int(),
      /** Servers of the group in motion for rollouts, and how many may be. */
      inMotion: z.int(),
      inMotionMax: z.int(),
      /** The canary's steps in servers of the group as it is now; empty for other strategies. */
      steps: z.array(z.object({ servers: z.int(), bakeMs: z.int(), pause: z.boolean() })),
      /** Those told in the present step. */
      batch: z.array(ServerId),
      standby: z.object({ servers: z.array(ServerId), switchedAt: At.nullable() }).nullable(),
      /** Every member, told or not. */
      servers: z.array(
        z.object({
          server: ServerId,
          status: ServerStatus,
          sinceAt: At,
          /** The version of the present target it shall hold; null: none. */
          version: ProjectVersion.nullable(),
          standing: z.enum(['untold', 'healthy', 'pending', 'failed', 'lost', 'gone']),
          healthySince: At.nullable(),
          text: z.string(),
        }),
      ),
      /** When a server still unproved counts as failed, and when the rollout does for want of progress; null: not running. */
      gate: z.object({ healthyDeadlineAt: At, progressDeadlineAt: At }).nullable(),
      /** What it waits for or does next, and when silence alone changes that. */
      next: z.string(),
      nextAt: At.nullable(),
    })
    .nullable(),
});
export type RolloutView = z.infer<typeof RolloutView>;

export const ProjectView = z.object({
  project: ProjectId,
  status: z.enum(['active', 'deprecated', 'retired']),
  changedAt: Position,
  versions: z.array(
    z.object({
      version: ProjectVersion,
      digest: Digest,
      bytes: z.int(),
      status: z.enum(['active', 'deprecated', 'retired']),
      publishedAt: At,
      publishedBy: Principal,
      groups: z.array(GroupId),
    }),
  ),
});
export type ProjectView = z.infer<typeof ProjectView>;

export const PoolView = z.object({
  group: GroupId,
  position: Position,
  servers: z.array(
    z.object({ server: ServerId, address: Address, weight: z.int(), admin: z.enum(['ready', 'drain']) }),
  ),
  balancers: z.array(
    z.object({
      balancer: BalancerId,
      /** Position of the pool it has confirmed; null: nothing heard yet by this leader. */
      applied: Position.nullable(),
      listen: z.string().nullable(),
      error: z.string().nullable(),
      seenAt: At.nullable(),
    }),
  ),
});
export type PoolView = z.infer<typeof PoolView>;

export const BalancerView = z.object({
  balancer: BalancerId,
  kind: z.string(),
  groups: z.union([z.literal('all'), z.array(GroupId)]),
  changedAt: Position,
  status: z.enum(['live', 'lost']),
  seenAt: At.nullable(),
  /** Each of its groups: the pool position it has confirmed, how many positions of that pool it is behind, its last error. */
  pools: z.array(
    z.object({ group: GroupId, applied: Position.nullable(), lag: z.int().min(0), error: z.string().nullable() }),
  ),
});
export type BalancerView = z.infer<typeof BalancerView>;

/** Query names, what each asks beside `atLeast`, and what it answers. */
export const querySchemas = {
  groups: { ask: z.strictObject({}), answer: z.array(GroupView) },
  group: { ask: z.strictObject({ group: GroupName }), answer: GroupView },
  servers: {
    ask: z.strictObject({ group: GroupName.optional(), status: ServerStatus.optional() }),
    answer: z.array(ServerView),
  },
  server: { ask: z.strictObject({ server: ServerId }), answer: ServerView },
  projects: { ask: z.strictObject({}), answer: z.array(ProjectView) },
  deployments: { ask: z.strictObject({ group: GroupName.optional() }), answer: z.array(DeploymentView) },
  pool: { ask: z.strictObject({ group: GroupName }), answer: PoolView },
  /** Those under way first, then the newest that are over. `rollout`: only the one of that request. */
  rollouts: {
    ask: z.strictObject({ group: GroupName.optional(), rollout: Position.optional() }),
    answer: z.array(RolloutView),
  },
  balancers: { ask: z.strictObject({}), answer: z.array(BalancerView) },
  coordinator: { ask: z.strictObject({}), answer: CoordinatorView },
} as const;
export type QueryName = keyof typeof querySchemas;
export type QueryAsk<Q extends QueryName> = z.infer<(typeof querySchemas)[Q]['ask']>;
/** The same as whoever asks writes it: names may be plain text, which the fleet reads. */
export type QueryAskInput<Q extends QueryName> = QueryAsk<Q> | z.input<(typeof querySchemas)[Q]['ask']>;
export type QueryData<Q extends QueryName> = z.infer<(typeof querySchemas)[Q]['answer']>;

/** How a query is answered: the data and the position it is true for, or why not. */
export const QueryAnswer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('ok'), log: LogId, term: Term, position: Position, data: z.unknown() }),
  z.object({ status: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type QueryAnswer = z.infer<typeof QueryAnswer>;
