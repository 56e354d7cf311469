/** What a look at one rollout is about: everything it is judged by, gathered once. */
import type { FleetState, Group, Rollout, RolloutTarget } from '../domain/state.ts';
import type { Observed } from '../projections/observed.ts';
import type { EventData } from '../../schemas/events.ts';
import type { Position, ServerId } from '../../schemas/ids.ts';

export interface About {
  readonly state: FleetState;
  readonly group: Group;
  readonly rollout: Rollout;
  /** The one being rolled out. */
  readonly target: RolloutTarget;
  readonly observed: Observed;
  /** max(the log's time, the coordinator's clock): deadlines count by the log's. */
  readonly at: number;
}

/** With what all rollouts of the group share while one plan is made: who moves, those told by this plan included. */
export interface Shared {
  readonly moving: Set<ServerId>;
  readonly limit: number;
  /** Servers another running rollout is judging now: one server is judged for one rollout at a time. */
  readonly judgedByOthers: ReadonlySet<ServerId>;
  /** Servers told by this very plan, and rollouts begun by it. */
  readonly told: Set<ServerId>;
  readonly begun: Set<Position>;
}

type Proposed = 'advanced' | 'paused' | 'switched' | 'failed' | 'rolled-back' | 'succeeded';
/** What the leader proposes of a rollout; the decider judges it again at the head. */
export type RolloutProposal = {
  [P in Proposed]: { readonly type: `rollout.${P}`; readonly data: EventData<`rollout.${P}`> };
}[Proposed];

/** What to do now, and when to look again though nothing is heard; null: when something is. */
export interface RolloutPlan {
  readonly proposals: readonly RolloutProposal[];
  readonly wakeAt: number | null;
  /** What it waits for, for people; empty when it does something. */
  readonly waitsFor: string;
}

export function waits(waitsFor: string, wakeAt: number | null = null): RolloutPlan {
  return { proposals: [], wakeAt, waitsFor };
}

export function does(proposal: RolloutProposal): RolloutPlan {
  return { proposals: [proposal], wakeAt: null, waitsFor: '' };
}
