/** What of a policy the form edits, in the units people think in; and what of it was changed. Pure. */
import type { GroupPolicy, GroupPolicyChange } from '../../../../../schemas/policy.ts';
import type { RolloutPolicy, Strategy } from '../../../../../schemas/rollout.ts';

interface NumberFieldOf {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  /** The contract's own bounds, in the field's unit. */
  readonly min: number;
  readonly max: number;
  /** The contract's unit in the field's: durations are edited in seconds. */
  readonly scale: number;
  readonly hint: string;
}

const duration = { unit: 's', scale: 1_000 } as const;
const monthSeconds = 30 * 24 * 3_600;

export const numberFields: readonly NumberFieldOf[] = [
  {
    ...duration,
    name: 'drainTimeoutMs',
    label: 'Drain timeout',
    min: 0,
    max: 3_600,
    hint: 'How long a leaving server may finish requests.',
  },
  {
    ...duration,
    name: 'leaseMs',
    label: 'Lease',
    min: 1,
    max: 3_600,
    hint: 'Silence after which a server counts as lost.',
  },
  {
    name: 'syncsMax',
    label: 'Syncs at a time',
    unit: 'servers',
    scale: 1,
    min: 1,
    max: 10_000,
    hint: 'How many servers sync into the group together.',
  },
  {
    name: 'floorPercent',
    label: 'Floor',
    unit: '%',
    scale: 1,
    min: 0,
    max: 100,
    hint: 'Absence alone never takes the pool below this.',
  },
  {
    ...duration,
    name: 'floorWindowMs',
    label: 'Floor window',
    min: 0,
    max: 86_400,
    hint: 'Absences within it count together.',
  },
];

export const rolloutFields: readonly NumberFieldOf[] = [
  {
    ...duration,
    name: 'minHealthyMs',
    label: 'Healthy for',
    min: 0,
    max: monthSeconds,
    hint: 'How long a server must hold a new version well before it counts.',
  },
  {
    ...duration,
    name: 'healthyDeadlineMs',
    label: 'Healthy within',
    min: 0,
    max: monthSeconds,
    hint: 'How long one server may take to get there.',
  },
  {
    ...duration,
    name: 'progressDeadlineMs',
    label: 'Progress within',
    min: 0,
    max: monthSeconds,
    hint: 'How long nobody may get there.',
  },
  {
    name: 'failuresAllowed',
    label: 'Failures allowed',
    unit: 'servers',
    scale: 1,
    min: 0,
    max: 100_000,
    hint: 'Servers that may fail before the rollout does.',
  },
];

export interface PolicyValues {
  readonly numbers: Readonly<Record<string, number>>;
  /** The strategy as JSON. */
  readonly strategy: string;
  readonly drainFirst: boolean;
  readonly autoRollback: boolean;
}

export function valuesOf(policy: GroupPolicy): PolicyValues {
  const { rollout } = policy;
  return {
    numbers: Object.fromEntries([
      ...numberFields.map(({ name, scale }) => [name, numberOf(policy, name) / scale] as const),
      ...rolloutFields.map(({ name, scale }) => [name, numberOf(rollout, name) / scale] as const),
    ]),
    strategy: JSON.stringify(rollout.strategy),
    drainFirst: rollout.change === 'drain-first',
    autoRollback: rollout.autoRollback,
  };
}

/** Only what differs: whoever changes something else meanwhile is not undone. */
export function changeOf(policy: GroupPolicy, values: PolicyValues): GroupPolicyChange {
  const rollout: Partial<RolloutPolicy> = {
    ...changedNumbers(rolloutFields, policy.rollout, values),
    ...(values.strategy === JSON.stringify(policy.rollout.strategy)
      ? {}
      : { strategy: JSON.parse(values.strategy) as Strategy }),
    ...(values.drainFirst === (policy.rollout.change === 'drain-first')
      ? {}
      : { change: values.drainFirst ? 'drain-first' : 'hot' }),
    ...(values.autoRollback === policy.rollout.autoRollback ? {} : { autoRollback: values.autoRollback }),
  };
  return {
    ...changedNumbers(numberFields, policy, values),
    ...(Object.keys(rollout).length === 0 ? {} : { rollout }),
  };
}

function changedNumbers(fields: readonly NumberFieldOf[], policy: object, { numbers }: PolicyValues): object {
  const changed = fields.flatMap(({ name, scale }) => {
    const value = Math.round((numbers[name] ?? 0) * scale);
    return value === numberOf(policy, name) ? [] : [[name, value] as const];
  });
  return Object.fromEntries(changed);
}

function numberOf(policy: object, name: string): number {
  return Number((policy as Readonly<Record<string, unknown>>)[name]);
}
