/** How a new version reaches a group, as options of a command. Bounds are the fleet's to refuse: it says which. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type Amount,
  type CanaryStep,
  type RolloutPolicy,
  type Strategy,
  defaultRolloutPolicy,
  probeTimeoutMsDefault,
} from '../../schemas/rollout.ts';
import { duration } from './change-options.ts';
import { durationText } from '../../src/std/durations.ts';

const strategyKinds = ['all-at-once', 'rolling', 'canary', 'blue-green'] as const satisfies readonly Strategy['kind'][];

/** Kept as it was written: what an option's parser gives as null arrives as an empty text. */
const off = 'off';
type Off = typeof off;

export interface RolloutOptions {
  readonly strategy?: Strategy['kind'];
  readonly batch?: Amount;
  readonly steps?: CanaryStep[];
  readonly standby?: Amount;
  readonly keep?: number;
  readonly change?: RolloutPolicy['change'];
  readonly maxUnavailable?: Amount;
  readonly minHealthy?: number;
  readonly healthyDeadline?: number;
  readonly progressDeadline?: number;
  readonly failuresAllowed?: number;
  readonly autoRollback?: boolean;
  readonly errorRateMax?: number | Off;
  readonly latencyRatioMax?: number | Off;
  readonly probe?: string;
  readonly probeTimeout?: number;
}

/** Half of a group stands by, and the old half is kept for as long as people watch a release. */
const blueGreenDefault = { standby: '50%', keepMs: 600_000 } as const;

/** With the defaults of a new group in the help. */
export function addRolloutOptions(command: Command): Command {
  const { maxUnavailable, minHealthyMs, healthyDeadlineMs, progressDeadlineMs, failuresAllowed, change } =
    defaultRolloutPolicy;
  const usually = (text: string | number) => `(a new group: ${text})`;
  return command
    .addOption(
      new Option('--strategy <kind>', `how it goes through the group ${usually('rolling, batches of 1')}`).choices(
        strategyKinds,
      ),
    )
    .option('--batch <servers>', 'servers a batch, such as 2 or 25% (rolling, canary)', amount)
    .option('--steps <steps>', 'steps of a canary: servers[:bake][:pause], such as 1:5m,25%:10m:pause', canarySteps)
    .option(
      '--standby <servers>',
      `servers that take the new version out of traffic first (blue-green; else 50%)`,
      amount,
    )
    .option('--keep <duration>', 'how long the old part is kept after the switch (blue-green; else 10m)', duration)
    .addOption(
      new Option('--change <how>', `swap while serving, or out of the pool first ${usually(change)}`).choices([
        'hot',
        'drain-first',
      ]),
    )
    .option(
      '--max-unavailable <servers>',
      `servers of the group in motion at a time, at most ${usually(maxUnavailable)}; with --strategy: its batch, or all`,
      amount,
    )
    .option(
      '--min-healthy <duration>',
      `how long a server must be healthy on it before it counts ${usually(durationText(minHealthyMs))}`,
      duration,
    )
    .option(
      '--healthy-deadline <duration>',
      `how long one server may take to become healthy ${usually(durationText(healthyDeadlineMs))}`,
      duration,
    )
    .option(
      '--progress-deadline <duration>',
      `how long without any server becoming healthy ${usually(durationText(progressDeadlineMs))}`,
      duration,
    )
    .option('--failures-allowed <count>', `servers that may fail it ${usually(failuresAllowed)}`, count)
    .option('--auto-rollback', `a failed rollout goes back by itself ${usually('yes')}`)
    .option('--no-auto-rollback', 'a failed rollout halts and waits for a person')
    .option(
      '--error-rate-max <share>',
      `failed requests of new servers beyond the old ones', such as 1%; "off": not looked at ${usually('off')}`,
      share,
    )
    .option(
      '--latency-ratio-max <factor>',
      `mean latency of new servers to the old ones', such as 1.5; "off": not looked at ${usually('off')}`,
      factor,
    )
    .option(
      '--probe <path>',
      `a path that has to answer on every server, "{project}" in it for the project's name; "off": none ${usually('off')}`,
      probePath,
    )
    .option(
      '--probe-timeout <duration>',
      `how long the probed path may take to answer (else ${durationText(probeTimeoutMsDefault)})`,
      duration,
    );
}

/** Only what was given; undefined: nothing was. */
export function rolloutOf(command: Command, options: RolloutOptions): Partial<RolloutPolicy> | undefined {
  const strategy = strategyOf(command, options);
  const given = {
    strategy,
    change: options.change,
    maxUnavailable: options.maxUnavailable,
    minHealthyMs: options.minHealthy,
    healthyDeadlineMs: options.healthyDeadline,
    progressDeadlineMs: options.progressDeadline,
    failuresAllowed: options.failuresAllowed,
    autoRollback: options.autoRollback,
    errorRateMax: options.errorRateMax === off ? null : options.errorRateMax,
    latencyRatioMax: options.latencyRatioMax === off ? null : options.latencyRatioMax,
    probe: probeOf(command, options),
  };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** What each strategy takes beside its kind: an option of another one is a mistake, not a wish to be guessed at. */
const optionsByKind: { readonly [K in Strategy['kind']]: readonly (keyof RolloutOptions)[] } = {
  'all-at-once': [],
  rolling: ['batch'],
  canary: ['steps', 'batch'],
  'blue-green': ['standby', 'keep'],
};

function strategyOf(command: Command, options: RolloutOptions): Strategy | undefined {
  const { strategy: kind, batch, steps, standby, keep } = options;
  const shaping = (['batch', 'steps', 'standby', 'keep'] as const).filter((name) => options[name] !== undefined);
  if (kind === undefined) {
    const [first] = shaping;
    if (first !== undefined) command.error(`error: --${first} needs --strategy beside it`, { exitCode: 2 });
    return undefined;
  }
  const stray = shaping.find((name) => !optionsByKind[kind].includes(name));
  if (stray !== undefined) command.error(`error: --strategy ${kind} takes no --${stray}`, { exitCode: 2 });
  switch (kind) {
    case 'all-at-once':
      return { kind };
    case 'rolling':
      return { kind, batch: batch ?? 1 };
    case 'canary':
      if (steps === undefined)
        return command.error('error: --strategy canary needs --steps, such as 1:5m,25%:10m', { exitCode: 2 });
      return { kind, steps, batch: batch ?? 1 };
    case 'blue-green':
      return { kind, standby: standby ?? blueGreenDefault.standby, keepMs: keep ?? blueGreenDefault.keepMs };
  }
}

function probeOf(command: Command, { probe, probeTimeout }: RolloutOptions): RolloutPolicy['probe'] | undefined {
  if (probe === undefined || probe === off) {
    if (probeTimeout !== undefined) command.error('error: --probe-timeout needs --probe beside it', { exitCode: 2 });
    return probe === off ? null : undefined;
  }
  return { path: probe, ...(probeTimeout === undefined ? {} : { timeoutMs: probeTimeout }) };
}

/** `2` or `25%`. */
export function amount(text: string): Amount {
  if (/^(100|[1-9][0-9]?)%$/.test(text)) return text;
  const servers = Number(text);
  if (Number.isSafeInteger(servers) && servers > 0) return servers;
  throw new InvalidArgumentError('Write a count of servers from 1, or a share such as 25%.');
}

/** `1:5m,25%:10m:pause`: each step its servers, then perhaps how long it bakes, then perhaps `pause`. */
export function canarySteps(text: string): CanaryStep[] {
  return text.split(',').map((step) => {
    const [servers = '', ...rest] = step.trim().split(':');
    const pause = rest.at(-1) === 'pause';
    const [bake, ...more] = pause ? rest.slice(0, -1) : rest;
    if (more.length > 0) throw new InvalidArgumentError(`Write a step as servers[:bake][:pause], not "${step}".`);
    return {
      servers: amount(servers),
      ...(bake === undefined ? {} : { bakeMs: duration(bake) }),
      ...(pause ? { pause } : {}),
    };
  });
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Write a whole number from 0.');
  return value;
}

/** `1%` or `0.01`. */
function share(text: string): number | Off {
  if (text === off) return off;
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('Write a share such as 1% or 0.01, or "off".');
  return value;
}

function factor(text: string): number | Off {
  if (text === off) return off;
  const value = Number(text);
  if (!(value >= 1)) throw new InvalidArgumentError('Write a factor from 1, such as 1.5, or "off".');
  return value;
}

function probePath(text: string): string {
  if (text === off || text.startsWith('/')) return text;
  throw new InvalidArgumentError('Write a path such as /orders/1, or "off".');
}
