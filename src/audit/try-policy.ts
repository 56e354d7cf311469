/**
 * Runs a changed rollout policy over recorded history, on a live log and on an export alike: which rollouts would have
 * stopped, failed or finished otherwise, and when. What it cannot know it calls unknown, and says from which position.
 */
import { z } from 'zod';
import type { Event } from '../../schemas/events.ts';
import { type GroupId, GroupName, groupIdOf, type Position } from '../../schemas/ids.ts';
import { GroupPolicyChange } from '../../schemas/policy.ts';
import type { RolloutPolicy } from '../../schemas/rollout.ts';
import { overlayRollout, samePolicy } from '../domain/rollout-policy.ts';
import type { FleetState, PastRollout, Rollout } from '../domain/state.ts';
import { type AsOfOptions, startFor } from './as-of.ts';
import { changesLimits, type GroupLimits } from './policy-doubts.ts';
import { PolicyTrial, type TrialOutcome } from './policy-trial.ts';
import { replay } from './replay.ts';

/**
 * What is tried: for every group, and for some beside it. How rollouts go is decided anew; what a lease, a drain's
 * deadline or the floor would have done hangs on heartbeats and counts, which are recorded only where something was
 * decided on them: such a change is followed up to where that matters.
 */
export const TriedPolicy = GroupPolicyChange.extend({ groups: z.record(GroupName, GroupPolicyChange).optional() });
export type TriedPolicy = z.infer<typeof TriedPolicy>;

export interface TryPolicyOptions extends AsOfOptions {
  readonly policy: TriedPolicy;
  /** Rollouts asked for from here on, and what happened up to there. Default: all. */
  readonly from?: Position;
  readonly to?: Position;
}

export interface TriedRollout {
  readonly group: GroupId;
  /** Position of its request. */
  readonly rollout: Position;
  readonly askedAt: number;
  /** `orders@1.2` and so on. */
  readonly projects: readonly string[];
  /** How it ended, and when; null: under way where the log ends. */
  readonly recorded: { readonly status: PastRollout['status'] | Rollout['status']; readonly at: number | null };
  readonly tried: TrialOutcome;
}

export interface TriedPolicies {
  /** What it is true for. */
  readonly position: Position;
  readonly at: number;
  /** Rollouts whose policy would have been another, in the order they were asked for. */
  readonly rollouts: readonly TriedRollout[];
  /** Rollouts whose policy would have been the same. */
  readonly unconcerned: number;
}

interface Tracked {
  readonly trial: PolicyTrial;
  readonly askedAt: number;
  readonly projects: readonly string[];
  recorded: TriedRollout['recorded'];
}

export async function tryPolicy(options: TryPolicyOptions): Promise<TriedPolicies> {
  const { source, policy, from = 1, to, progress, signal } = options;
  const start = await startFor(options, from - 1);
  const tracked: Tracked[] = [];
  /** To be decided yet, and not ended as recorded yet: two things, since either may come first. */
  let open: Tracked[] = [];
  let running: Tracked[] = [];
  let unconcerned = 0;
  const onBefore = (event: Event, state: FleetState) => {
    for (const { trial } of open) trial.before(event, state);
  };
  const onEvent = (event: Event, state: FleetState) => {
    for (const one of running) one.recorded = recordedOf(state, one.trial) ?? one.recorded;
    running = running.filter(({ recorded }) => recorded.at === null);
    if (event.type === 'deployment.requested' || event.type === 'release.requested') {
      const one = track(event, state, policy);
      if (one === undefined) unconcerned += 1;
      else {
        tracked.push(one);
        open.push(one);
        running.push(one);
      }
    }
    open = open.filter(({ trial }) => !trial.isOver);
  };
  const moment = await replay(source, {
    from,
    signal,
    onBefore,
    onEvent,
    ...(to === undefined ? {} : { to }),
    ...(progress === undefined ? {} : { progress }),
    ...(start === undefined ? {} : { start }),
  });
  const rollouts = tracked.map(({ trial, askedAt, projects, recorded }): TriedRollout => {
    const { group, rollout } = trial;
    return { group, rollout, askedAt, projects, recorded, tried: trial.end(moment.state) };
  });
  return { position: moment.position, at: moment.at, rollouts, unconcerned };
}

function track(
  event: Event<'deployment.requested' | 'release.requested'>,
  state: FleetState,
  policy: TriedPolicy,
): Tracked | undefined {
  const { group, rollout: own } = event.data;
  const { changed, limits } = changedFor(group, own, policy);
  const place = state.groupById.get(group);
  const rollout = place?.rolloutById.get(event.position);
  if (place === undefined || rollout === undefined) return undefined;
  if (samePolicy(changed, own) && !changesLimits(limits, place.policy)) return undefined;
  const trial = new PolicyTrial({ group, rollout: event.position, policy: changed, limits });
  const projects = rollout.targets.map(({ project, to }) => `${project}@${to.version}`);
  return { trial, askedAt: event.at, projects, recorded: { status: rollout.status, at: null } };
}

function changedFor(
  group: GroupId,
  own: RolloutPolicy,
  { groups = {}, ...forAll }: TriedPolicy,
): { readonly changed: RolloutPolicy; readonly limits: GroupLimits } {
  const named = Object.entries(groups).find(([name]) => groupIdOf(name as GroupName) === group)?.[1];
  const changed = overlayRollout(overlayRollout(own, forAll.rollout), named?.rollout);
  const { rollout: _, ...limits } = { ...forAll, ...named };
  return { changed, limits };
}

/** Undefined: it is not remembered any more. */
function recordedOf(state: FleetState, { group: id, rollout }: PolicyTrial): TriedRollout['recorded'] | undefined {
  const group = state.groupById.get(id);
  const running = group?.rolloutById.get(rollout);
  if (running !== undefined) return { status: running.status, at: null };
  const past = group?.pastRollouts.find((one) => one.id === rollout);
  return past === undefined ? undefined : { status: past.status, at: past.endedAt };
}
