/**
 * The machine's one signal: the whole truth about one server, desired and observed, as it is now. The machine never
 * asks why it was woken; it compares and says what to do. Also the steps it may say, as data.
 */
import type { Server } from '../domain/state.ts';
import type { DesiredProject } from '../../schemas/directive.ts';
import type { EventData } from '../../schemas/events.ts';
import type { BalancerId, GroupId, Position, ServerId } from '../../schemas/ids.ts';
import type { Receipt } from '../../schemas/receipt.ts';

export interface ServerFacts {
  readonly server: ServerId;
  /** Coordinator's clock, milliseconds since the epoch. */
  readonly now: number;
  /** The log's position all of this is true at. */
  readonly position: Position;
  /** By the log, acknowledged records only. Null: the server is gone from the fleet (retired). Read, never written. */
  readonly known: Server | null;
  /** What it should hold now and the position that follows from; null in no group. */
  readonly desired: {
    readonly position: Position;
    readonly serving: 'yes' | 'draining';
    readonly projects: readonly DesiredProject[];
  } | null;
  /** False: other servers of the group sync first; nothing is said to it until a slot is free. */
  readonly maySync: boolean;
  /** The newest receipt of the server's present instance, if any came. */
  readonly receipt: (Receipt & { readonly receivedAt: number }) | null;
  /** Balancers of the group that have not confirmed a pool at or past the server's drain. */
  readonly unconfirmedBalancers: readonly BalancerId[];
  /**
   * Of a drain: in-flight requests by the last reading (server and balancers, the larger), and idle readings in a row.
   * Null: nobody can count them, so only the deadline ends it.
   */
  readonly inFlight: { readonly last: number | null; readonly idleReadings: number };
  /**
   * Its proof of life. `seenAt`: the last heartbeat, or when this leader began if it has heard none: a new leader
   * grants a full lease first. `unwellReadings`: heartbeats in a row that said it is not healthy.
   */
  readonly life: {
    readonly seenAt: number;
    readonly heard: boolean;
    readonly leaseMs: number;
    readonly unwellReadings: number;
    /** Why the last of them said so. */
    readonly problem?: string | undefined;
  };
  /** Its pool has enough others by now, should it be held there for its absence: `allowsLettingGo` of its group. */
  readonly mayLetGo: boolean;
  /** A rollout took it out of the pool and is done with it there: `rolledCordonIsOver`. */
  readonly mayReturn: boolean;
  /** The member this one replaces is still in the group and not on its way out. */
  readonly replacedStays: boolean;
}

/** Idle readings in a row before a drain counts as empty: one may fall between two requests of a keep-alive client. */
export const idleReadingsMin = 3;
/** Unwell readings in a row before a server counts as absent: a single one may be a passing hiccup. */
export const unwellReadingsMin = 3;

export interface StepArguments {
  /** Say which group the server is in; null: none. */
  'publish-assignment': { server: ServerId; group: GroupId | null; position: Position };
  'publish-directive': {
    server: ServerId;
    group: GroupId;
    position: Position;
    serving: 'yes' | 'draining';
    projects: readonly DesiredProject[];
  };
  /** Withdraw a directive nobody needs any more, in every group but the given one. */
  'clear-directives': { server: ServerId; except: GroupId | null };
  'propose-ready': EventData<'server.ready'>;
  'propose-sync-failed': EventData<'server.sync-failed'>;
  'propose-left': EventData<'server.left'>;
  'propose-drained': EventData<'server.drained'>;
  /** The rollout that took it out of the pool is done with it. */
  'propose-uncordoned': EventData<'server.uncordoned'>;
  /** The drain's time is the decider's to say: it knows the policy at the head of the log. */
  'propose-replaced': Omit<EventData<'server.replaced'>, 'drainTimeoutMs'>;
  /** `held` is the decider's to say: it knows the floor at the head of the log. */
  'propose-lost': Omit<EventData<'server.lost'>, 'held'>;
  'propose-returned': EventData<'server.returned'>;
  /** Look again at this time, though nothing is heard. */
  'wake-at': { server: ServerId; at: number };
}
export type StepName = keyof StepArguments;
export type Step = { [N in StepName]: { readonly name: N; readonly arguments: StepArguments[N] } }[StepName];
