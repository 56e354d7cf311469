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
  ProjectId,
  ProjectVersion,
  ServerId,
  Term,
} from './ids.ts';
import { DesiredProject } from './directive.ts';
import { ProjectFailure } from './events.ts';
import { GroupStatus, ServerStatus } from './group-status.ts';
import { GroupPolicy } from './policy.ts';

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
  /** Last heartbeat this leader has seen. */
  seenAt: At.nullable(),
  failures: z.array(ProjectFailure),
  /** It may not enter the pool. */
  cordoned: z.boolean(),
  /** The group's pool lists it, to take new requests or to finish. */
  inPool: z.boolean(),
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

export const CoordinatorView = z.object({
  instance: z.string(),
  role: z.enum(['leader', 'standby']),
  durability: z.enum(['fsync-always', 'fsync-interval', 'unknown']),
  servers: z.int(),
  groups: z.int(),
});
export type CoordinatorView = z.infer<typeof CoordinatorView>;

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
  balancers: { ask: z.strictObject({}), answer: z.array(BalancerView) },
  coordinator: { ask: z.strictObject({}), answer: CoordinatorView },
} as const;
export type QueryName = keyof typeof querySchemas;
export type QueryAsk<Q extends QueryName> = z.infer<(typeof querySchemas)[Q]['ask']>;
export type QueryData<Q extends QueryName> = z.infer<(typeof querySchemas)[Q]['answer']>;

/** How a query is answered: the data and the position it is true for, or why not. */
export const QueryAnswer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('ok'), log: LogId, term: Term, position: Position, data: z.unknown() }),
  z.object({ status: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type QueryAnswer = z.infer<typeof QueryAnswer>;

/** What each coordinator says of itself now and then, whether it leads or stands by. */
export const ReplicaBeat = z.object({
  log: LogId.nullable(),
  term: Term,
  /** How far it has folded the log. */
  position: Position,
  instance: z.string(),
  role: z.enum(['leader', 'standby']),
  /** Fleets that its process leads, this one or others. */
  leads: z.int().min(0),
  durability: CoordinatorView.shape.durability,
});
export type ReplicaBeat = z.infer<typeof ReplicaBeat>;

/** The leader's beat to the standbys and to whoever looks for it. */
export const LeaderBeat = z.object({
  log: LogId,
  term: Term,
  position: Position,
  instance: z.string(),
  /** True in the last beat of a leader that stops cleanly: whoever stands by may take over at once. */
  leaving: z.boolean(),
});
export type LeaderBeat = z.infer<typeof LeaderBeat>;
