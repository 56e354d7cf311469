/**
 * What a fleet is, by its log: the one fold that decisions are made on and everything derived is computed from.
 * Mutable on purpose (the fold is twice as fast as an immutable one); whoever folds owns its copy, and nobody else
 * writes to it. Everything in it is plain data, so that a snapshot is its encoding.
 */
import type { LeavesTo, ProjectFailure } from '../../schemas/events.ts';
import type { ServerStatus } from '../../schemas/group-status.ts';
import type {
  Address,
  BalancerId,
  Digest,
  FleetId,
  GroupId,
  GroupName,
  Labels,
  LogId,
  Position,
  ProjectId,
  ProjectVersion,
  ServerId,
} from '../../schemas/ids.ts';
import type { GroupPolicy } from '../../schemas/policy.ts';

/** Raised whenever the shape or the meaning of `FleetState` changes: older snapshots are then not used. */
export const foldVersion = 1;

export interface FleetState {
  fleet: FleetId | null;
  log: LogId | null;
  term: number;
  /** Position and `at` of the last event folded. */
  position: Position;
  at: number;
  groupById: Map<GroupId, Group>;
  serverById: Map<ServerId, Server>;
  projectById: Map<ProjectId, Project>;
  balancerById: Map<BalancerId, Balancer>;
  repeats: RepeatWindow;
}

export interface Group {
  id: GroupId;
  name: GroupName;
  policy: GroupPolicy;
  /** Position of the last event that changed what the group is or who is in it. */
  changedAt: Position;
  /** Members, those draining out of it included. */
  servers: Set<ServerId>;
  deploymentByProject: Map<ProjectId, Deployment>;
  /** Position of the last deployment or withdrawal: what a member's directive hangs on beside its own joining. */
  deploymentsChangedAt: Position;
  /** Position of the last event that changed the group's pool: one entering, draining, gone, its address or weight. */
  poolChangedAt: Position;
}

export interface Deployment {
  project: ProjectId;
  version: ProjectVersion;
  digest: Digest;
  bytes: number;
  changedAt: Position;
}

export interface Server {
  id: ServerId;
  address: Address;
  labels: Labels;
  weight: number;
  agent: string | null;
  /** Position of the last event that changed the server's desired part. */
  changedAt: Position;
  /** Position of the last event that changed what a pool says of it: address, weight. */
  addressChangedAt: Position;
  membership: Membership;
  /** Position and `at` of the event that brought this membership's status. */
  since: Position;
  sinceAt: number;
}

/** Where a server stands, by the log. Tagged by `ServerStatus`. */
export type Membership =
  | { status: 'available' }
  | { status: 'syncing'; group: GroupId; joinedAt: Position }
  | {
      status: 'failed';
      group: GroupId;
      joinedAt: Position;
      failedAt: Position;
      covers: Position;
      failures: ProjectFailure[];
    }
  /**
   * In the pool. `readyAt`: the position that let it in. `covers`: the directive position last proved.
   * `failures`: a newer set it could not apply; it stays in, serving its last good set.
   */
  | {
      status: 'ready';
      group: GroupId;
      joinedAt: Position;
      readyAt: Position;
      covers: Position;
      failures: ProjectFailure[];
    }
  /** `wasReady`: it was in the pool when it began to leave, so the drain waits for balancers. */
  | {
      status: 'draining';
      group: GroupId;
      joinedAt: Position;
      leavingAt: Position;
      wasReady: boolean;
      /** By `at`: when the drain is cut off. */
      deadlineAt: number;
      next: LeavesTo;
    };

/** Every membership's tag is a status people see; a missing one does not compile. */
export type MembershipStatus = Membership['status'] extends ServerStatus ? Membership['status'] : never;

export interface Project {
  id: ProjectId;
  status: ProjectStatus;
  changedAt: Position;
  versionByName: Map<ProjectVersion, { digest: Digest; bytes: number; status: ProjectStatus; publishedAt: number }>;
}
export type ProjectStatus = 'active' | 'deprecated' | 'retired';

export interface Balancer {
  id: BalancerId;
  kind: string;
  groups: 'all' | GroupId[];
  changedAt: Position;
}

/**
 * Command ids seen, per principal (`<principal>/<id>`), in two generations: when the younger has grown a whole window
 * old it becomes the older one, so an id is remembered for at least one window and at most two, by `at`.
 */
export interface RepeatWindow {
  /** `at` of the first id in the younger generation. */
  beganAt: number;
  younger: Map<string, Seen>;
  older: Map<string, Seen>;
}
export interface Seen {
  hash: string;
  position: Position;
}
