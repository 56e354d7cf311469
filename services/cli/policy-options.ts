/** A group's policy as options of a command. Bounds are the fleet's to refuse: it says which. */
import { type Command, InvalidArgumentError } from 'commander';
import { type GroupPolicyChange, defaultGroupPolicy } from '../../schemas/policy.ts';
import { duration } from './change-options.ts';
import { type RolloutOptions, addRolloutOptions, rolloutOf } from './rollout-options.ts';
import { durationText } from '../../src/std/durations.ts';

export interface PolicyOptions extends RolloutOptions {
  readonly drainTimeout?: number;
  readonly lease?: number;
  readonly syncsMax?: number;
  readonly floorPercent?: number;
  readonly floorWindow?: number;
}

/** With the defaults of a new group in the help. */
export function addPolicyOptions(command: Command): Command {
  const { drainTimeoutMs, leaseMs, syncsMax, floorPercent, floorWindowMs } = defaultGroupPolicy;
  const usually = (text: string | number) => `(a new group: ${text})`;
  const withOwn = command
    .option(
      '--drain-timeout <duration>',
      `how long a leaving server may finish requests ${usually(durationText(drainTimeoutMs))}`,
      duration,
    )
    .option('--lease <duration>', `silence after which a server is lost ${usually(durationText(leaseMs))}`, duration)
    .option('--syncs-max <count>', `servers that sync in at the same time, at most ${usually(syncsMax)}`, whole)
    .option(
      '--floor-percent <percent>',
      `share of its servers the pool keeps through absences ${usually(floorPercent)}`,
      whole,
    )
    .option(
      '--floor-window <duration>',
      `how long absences count together against the floor ${usually(durationText(floorWindowMs))}`,
      duration,
    );
  return addRolloutOptions(withOwn);
}

/** Only what was given. */
export function policyOf(command: Command, options: PolicyOptions): GroupPolicyChange {
  const rollout = rolloutOf(command, options);
  const { drainTimeout, lease, syncsMax, floorPercent, floorWindow } = options;
  return {
    ...(drainTimeout === undefined ? {} : { drainTimeoutMs: drainTimeout }),
    ...(lease === undefined ? {} : { leaseMs: lease }),
    ...(syncsMax === undefined ? {} : { syncsMax }),
    ...(floorPercent === undefined ? {} : { floorPercent }),
    ...(floorWindow === undefined ? {} : { floorWindowMs: floorWindow }),
    ...(rollout === undefined ? {} : { rollout }),
  };
}

function whole(text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Write a whole number from 0.');
  return value;
}
