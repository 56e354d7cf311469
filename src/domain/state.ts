/**
 * What a fleet is, by its log: the one fold that decisions are made on and everything derived is computed from.
 * Mutable on purpose (the fold is twice as fast as an immutable one); whoever folds owns its copy, and nobody else
 * writes to it. Everything in it is plain data, so that a snapshot is its encoding.
 */
import type { LeavesTo, ProjectFailure } from '../../schemas/events.ts';
import type {
  Address,
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
  ServerId,
} from '../../schemas/ids.ts';
import type { GroupPolicy } from '../../schemas/policy.ts';
import type { Probe, RolloutPolicy } from '../../schemas/rollout.ts';
import type { KeyId } from '../../schemas/proof.ts';

/** Raised whenever the shape or the meaning of `FleetState` changes: older snapshots are then not used. */
export const foldVersion = 8;

export interface FleetState {
  fleet: FleetId | null;
  log: LogId | null;
  term: number;
  /** Whose checkpoints count, and the public key itself (SPKI, DER, base64); null: nobody has signed yet. */
  signer: { key: KeyId; publicKey: string } | null;
  /** The last time the log was made to go on though it had gone back: in which term, and from which position; else null. */
  recovered: { term: number; at: Position } | null;
  /** Position and `at` of the last event folded. */
  position: Position;
  at: number;
  groupById: Map<GroupId, Group>;
  serverById: Map<ServerId, Server>;
  /** Whose address it is, by `addressKey`: no two servers may share one. */
  serverByAddress: Map<string, ServerId>;
  projectById: Map<ProjectId, Project>;
  balancerById: Map<BalancerId, Balancer>;
  repeats: RepeatWindow;
}

export interface Group {
  id: GroupId;
  name: GroupName;
  policy: GroupPolicy;
  /** The longest lease its servers may still beat by since it was made shorter, and until when; null: it never was. */
  longerLease: { leaseMs: number; until: number } | null;
  /** Position of the last event that changed what the group is or who is in it. */
  changedAt: Position;
  /** Members, those draining out of it included. */
  servers: Set<ServerId>;
  /** Servers on their way into it out of another group: members once their drain is over. */
  inbound: Set<ServerId>;
  /** Members that have not yet entered and are neither failed, lost, cordoned nor leaving, in the order they joined. */
  syncing: Set<ServerId>;
  deploymentByProject: Map<ProjectId, Deployment>;
  /** Rollouts under way, by the position of their request. A project is in at most one. */
  rolloutById: Map<Position, Rollout>;
  /** Rollouts that are over, newest last, bounded: for screens and for `rollback`. */
  pastRollouts: PastRollout[];
  /** Position of the last event that changed what any member shall hold: what directives hang on beside the member's own. */
  deploymentsChangedAt: Position;
  /** Position of the last event that changed the group's pool: one entering, draining, gone, its address or weight. */
  poolChangedAt: Position;
  /** Members that take new requests by the log: in the pool, neither lost nor draining. What the floor counts. */
  servingCount: number;
  /** Members that are lost and held in the pool by the floor. */
  heldCount: number;
  /** Absences that count together against the floor; null before the first. */
  absences: Absences | null;
  /** Position of the `pool.held` in force; null: the pool is not held. */
  heldAt: Position | null;
}

/** What the floor is reckoned from. A new window begins with the first absence after the old one is over. */
export interface Absences {
  /** `at` of the first absence of the window. */
  beganAt: number;
  /** Servers that took new requests then, or since if they have become more. */
  size: number;
  /** Servers taken out of the pool for their absence since. */
  removed: number;
}

export interface Deployment extends ProjectRelease {
  project: ProjectId;
  /** Position of the request. */
  changedAt: Position;
  /** Position at which its rollout succeeded; null: not yet. */
  succeededAt: Position | null;
  /** What the group last succeeded with, for whoever is not moved to this one yet; null: nothing yet, or this one. */
  lastGood: ProjectRelease | null;
  /** The rollout that carries it out, while under way; null when it is over. */
  rollout: Position | null;
}

/** A rollout under way. Deadlines count from the `at`s in it, by the log's time. */
export interface Rollout {
  id: Position;
  /** `at` of the request. */
  askedAt: number;
  targets: RolloutTarget[];
  policy: RolloutPolicy;
  status: 'running' | 'paused' | 'halted' | 'rolling-back';
  /** Why it is paused, halted or rolling back, for people. */
  reason: string;
  pausedBy: 'step' | 'operator' | null;
  /** The target being rolled out; those before are on every server. */
  target: number;
  /** The step of that target under way, -1: none yet. */
  step: number;
  /** Servers told to hold the present target's version. */
  moved: Set<ServerId>;
  /** Those that go on holding what they hold until they are out of the pool: their drain for this rollout is under way. */
  waiting: Set<ServerId>;
  /** Those told in the present step, sorted: the gate judges them. Rolling back: those told to go back. */
  batch: ServerId[];
  /** Position of the event that brought it where it stands: its request, a step, a pause, a failure. */
  since: Position;
  /** `at` of the present step, and of the last progress: a server of the batch proved. */
  stepAt: number;
  progressAt: number;
  /** A person said not to wait: for this step, or for anything left. */
  promoted: 'step' | 'all' | null;
  /**
   * Blue-green: who stands by, and `at` of the switch; null otherwise. Rolling back it is there only while traffic is
   * still to be switched back to the old part.
   */
  standby: { servers: Set<ServerId>; switchedAt: number | null } | null;
}

export interface RolloutTarget {
  project: ProjectId;
  /** What the group goes back to; null: it did not carry the project, so back means without it. */
  from: ProjectRelease | null;
  to: ProjectRelease;
}

export interface PastRollout {
  id: Position;
  targets: RolloutTarget[];
  status: 'succeeded' | 'rolled-back' | 'superseded' | 'withdrawn';
  reason: string;
  askedAt: number;
  endedAt: number;
  /** Position of the event that ended it. */
  ended: Position;
}

export interface ProjectRelease {
  version: ProjectVersion;
  digest: Digest;
  bytes: number;
  /** What has to answer where it is held, its path in full; null: nothing. */
  probe: Probe | null;
}

export interface Server {
  id: ServerId;
  address: Address;
  labels: Labels;
  weight: number;
  agent: string | null;
  /** Position of the last event that changed the server's desired part. */
  changedAt: Position;
  /** Position of the event that put it where it is: registered, joined, left. What its assignment carries. */
  assignedAt: Position;
  /** Null: in no group. */
  member: Member | null;
  /** Its heartbeats are missing, or say that it is not well; null: it counts. */
  lost: { at: Position; cause: 'silent' | 'unhealthy' } | null;
  /** Position and `at` of the event that brought its present status. */
  since: Position;
  sinceAt: number;
}

/**
 * A server's membership of its group. Its facets are independent, since each may change during any other: what it
 * holds, whether it is in the pool, whether it may be, whether it is leaving. `statusOf` reads one word from them.
 */
export interface Member {
  group: GroupId;
  joinedAt: Position;
  /** Position of the command that asked for it: of the join, or of the move that began elsewhere. What `wait` waits on. */
  askedAt: Position;
  /** Position of the last event that changed this member's own directive: joined, retried, uncordoned, drained. */
  directiveAt: Position;
  /** Directive position last proved whole, 0: none in this membership; and `at` of the proof. */
  covers: Position;
  coversAt: number;
  /** What stands in the way of the set it was last told to hold; null: nothing known. */
  failing: Failing | null;
  /** Position that let it into the pool; null: it is not in it. */
  admittedAt: Position | null;
  /** Position of the last event that changed its pool entry; meaningless while it is not in the pool. */
  entryAt: Position;
  /** Lost, but the floor keeps it in the pool. */
  held: boolean;
  cordon: Cordon | null;
  drain: Drain | null;
  /** The member that leaves once this one is in the pool. */
  replaces: ServerId | null;
  /** The member that `replaces` this one. */
  replacedBy: ServerId | null;
}

export interface Failing {
  /** True: its tries are used up. False: it tries again by itself. */
  final: boolean;
  at: Position;
  /** The directive position that failed. */
  covers: Position;
  failures: ProjectFailure[];
}

/**
 * `drained`: it is out of the pool. Its directive then says draining, but for `rolled`: it gets ready to come back.
 * `until`: what puts it back; `rolled`: the rollout that took it out, once it holds and has proved the new version.
 */
export interface Cordon {
  at: Position;
  drained: boolean;
  until: 'uncordoned' | 'registered' | 'rolled';
}

/** On its way out of the pool. */
export interface Drain {
  at: Position;
  /** By `at`: when what is in flight is cut off. */
  deadlineAt: number;
  /** It was in the pool when the drain began, so balancers must confirm. */
  wasInPool: boolean;
  /** Null: it stays a member, cordoned. */
  next: LeavesTo | null;
}

export interface Project {
  id: ProjectId;
  status: ProjectStatus;
  changedAt: Position;
  versionByName: Map<ProjectVersion, PublishedVersion>;
}
export interface PublishedVersion {
  readonly digest: Digest;
  readonly bytes: number;
  readonly status: ProjectStatus;
  readonly publishedAt: number;
  readonly publishedBy: Principal;
}
export type ProjectStatus = 'active' | 'deprecated' | 'retired';

export interface Balancer {
  id: BalancerId;
  kind: string;
  groups: 'all' | GroupId[];
  changedAt: Position;
  /** Position of the `balancer.lost` in force; null: it counts. */
  lostAt: Position | null;
}

/**
 * Commands answered, in two generations: when the younger has grown a whole window old it becomes the older one, so an id
 * is remembered for at least one window and at most two, by `at`.
 */
export interface RepeatWindow {
  /** `at` of the first in the younger generation. */
  beganAt: number;
  /** In the order of the log. */
  younger: Seen[];
  older: Seen[];
}
export interface Seen {
  principal: Principal;
  id: CommandId;
  hash: string;
  position: Position;
}
