/** What the API's answers look like around the shapes of `schemas`: types alone, nothing of them is in the bundle. */
import type { ReplicaBeat } from '../../../../schemas/coordinators.ts';
import type { Event } from '../../../../schemas/events.ts';
import type {
  BalancerView,
  DeploymentView,
  GroupView,
  PoolView,
  ProjectView,
  RolloutView,
  ServerView,
} from '../../../../schemas/views.ts';
import type { ServerStatus } from '../../../../schemas/group-status.ts';

export type {
  BalancerView,
  ReplicaBeat,
  DeploymentView,
  GroupView,
  PoolView,
  ProjectView,
  RolloutView,
  ServerView,
  ServerStatus,
};

export interface One<T> {
  readonly position: number;
  /** Milliseconds since the epoch of the event at that position; only where an instant was asked for. */
  readonly at?: number;
  readonly item: T;
}

export interface Many<T> {
  readonly position: number;
  readonly at?: number;
  readonly items: readonly T[];
  readonly next?: string;
}

/** An event with its sentence. */
export interface Line {
  readonly text: string;
  readonly trouble: boolean;
  readonly event: Event;
}

/** What changed and is not in the log; `servers` null: too many to name. */
export interface Observed {
  readonly groups: readonly string[];
  readonly servers: readonly string[] | null;
  readonly balancers: readonly string[];
}

export interface FleetView {
  readonly fleet: string;
  readonly log: string;
  readonly term: number;
  readonly leader: { readonly instance: string; readonly term: number; readonly position: number } | null;
  readonly groups: readonly GroupView[];
  readonly available: readonly { readonly server: string; readonly status: ServerStatus }[];
  readonly servers: number;
  readonly balancers: readonly BalancerView[];
  readonly coordinators: readonly ReplicaBeat[];
  readonly projects: number;
}

/** Why something is as it is. */
export interface WhyView {
  readonly position: number;
  readonly at: number;
  readonly standing: { readonly status: string; readonly reason: string; readonly next: readonly string[] };
  readonly steps: readonly {
    readonly text: string;
    readonly cause:
      | { readonly kind: 'event'; readonly position: number }
      | { readonly kind: 'command'; readonly id: string; readonly askedAt: number | null }
      | { readonly kind: 'observed'; readonly what: string };
    readonly event: Event;
  }[];
}
