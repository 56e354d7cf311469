/**
 * Logs cut off in the middle of a rollout, one a strategy and a moment of it: where a program of another day may have to
 * go on. `write-logs.ts` keeps them, and `rollout-golden.test.ts` holds today's program to them.
 */
import type { Event } from '../../schemas/events.ts';
import type { RolloutPolicy } from '../../schemas/rollout.ts';
import type { FleetState, Rollout } from '../../src/domain/state.ts';
import { freezeState } from '../../src/snapshots/frozen-state.ts';
import { PlayedGroup } from '../unit/rollout/played-group.ts';

interface Cut {
  readonly servers: number;
  readonly policy: Partial<RolloutPolicy>;
  /** Plays from the request up to where the log ends. */
  readonly upTo: (played: PlayedGroup, rollout: Rollout) => void;
}

const watched = { minHealthyMs: 3_000, maxUnavailable: '100%' } as const;
const drained = { ...watched, strategy: { kind: 'rolling', batch: 1 }, change: 'drain-first' } as const;
const blueGreen = { ...watched, strategy: { kind: 'blue-green', standby: 2, keepMs: 5_000 } } as const;
const canary = [{ servers: 1, bakeMs: 4_000 }, { servers: '50%', pause: true }] as const;
/** More rounds than any of these takes. */
const roundsMax = 60;

function until(played: PlayedGroup, isThere: () => boolean): void {
  for (let round = 0; round < roundsMax && !isThere(); round += 1) played.round();
  if (!isThere()) throw new Error('the log never came to where it is to be cut off');
}

const isDraining = (played: PlayedGroup) => [...played.group.servers].some((id) => played.server(id).member?.drain);

export const cuts: Readonly<Record<string, Cut>> = {
  'all-at-once-told': {
    servers: 3,
    policy: { ...watched, strategy: { kind: 'all-at-once' } },
    upTo: (played) => played.decide(),
  },
  'rolling-second-batch': {
    servers: 4,
    policy: { ...watched, strategy: { kind: 'rolling', batch: 2 } },
    upTo: (played, rollout) => until(played, () => rollout.step === 1),
  },
  'rolling-back': {
    servers: 3,
    policy: { ...watched, strategy: { kind: 'rolling', batch: 1 } },
    upTo(played, rollout) {
      played.verdicts.set('s1/orders@2', 'fails');
      until(played, () => rollout.status === 'rolling-back');
    },
  },
  'canary-bakes': {
    servers: 4,
    policy: { ...watched, strategy: { kind: 'canary', steps: [...canary], batch: 1 } },
    upTo(played) {
      played.decide();
      played.rounds(2);
    },
  },
  'canary-paused': {
    servers: 4,
    policy: { ...watched, strategy: { kind: 'canary', steps: [...canary], batch: 1 } },
    upTo: (played, rollout) => until(played, () => rollout.status === 'paused'),
  },
  'drain-first-drains': {
    servers: 3,
    policy: drained,
    upTo: (played) => until(played, () => isDraining(played)),
  },
  'drain-first-the-only-one': {
    servers: 1,
    policy: drained,
    upTo: (played) => played.decide(),
  },
  'drain-first-all-at-once': {
    servers: 3,
    policy: { ...watched, strategy: { kind: 'all-at-once' }, change: 'drain-first' },
    upTo: (played) => played.decide(),
  },
  'blue-green-drains': {
    servers: 4,
    policy: blueGreen,
    upTo: (played) => played.decide(),
  },
  'blue-green-stands-by': {
    servers: 4,
    policy: blueGreen,
    upTo: (played) => until(played, () => played.server('s0').member?.cordon?.drained === true),
  },
  'blue-green-others-lost': {
    servers: 3,
    policy: blueGreen,
    upTo(played) {
      played.lose('s2');
      played.decide();
    },
  },
  'blue-green-standby-gone': {
    servers: 3,
    policy: { ...blueGreen, strategy: { ...blueGreen.strategy, standby: 1 } },
    upTo(played) {
      played.decide();
      played.leave('s0');
      played.rounds(1);
    },
  },
  'blue-green-switched': {
    servers: 4,
    policy: blueGreen,
    upTo: (played, rollout) => until(played, () => typeof rollout.standby?.switchedAt === 'number'),
  },
  'blue-green-switches-back': {
    servers: 4,
    policy: blueGreen,
    upTo(played, rollout) {
      until(played, () => typeof rollout.standby?.switchedAt === 'number');
      played.does('aborted', rollout);
    },
  },
};

export function cutLog({ servers, policy, upTo }: Cut): { readonly events: readonly Event[]; readonly state: FleetState } {
  const played = new PlayedGroup(servers);
  upTo(played, played.request(policy));
  return { events: played.events, state: played.state };
}

/** What follows from a log as JSON holds it: the fold, and what is decided from there until its rollouts are over. */
export interface Followed {
  readonly state: unknown;
  readonly decided: readonly unknown[];
  readonly ended: readonly string[];
}

/**
 * A leader takes over at the end of the log, hears every server that is not lost, and a person promotes whatever waits
 * for one. The state is taken over.
 */
export function followedFrom(state: FleetState): Followed {
  const frozen = asJson(freezeState(state));
  const played = new PlayedGroup(state);
  for (const id of played.group.servers) if (played.server(id).lost !== null) played.silent.add(id);
  const decided: unknown[] = [];
  played.before = ({ type, data }) => decided.push({ type, at: played.now, data });
  played.hear();
  played.decide();
  played.settle(roundsMax);
  for (const rollout of played.group.rolloutById.values()) {
    if (rollout.status === 'paused') played.does('promoted', rollout);
  }
  played.settle(roundsMax);
  return { state: frozen, decided: asJson(decided) as unknown[], ended: played.ended };
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
