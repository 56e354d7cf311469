/**
 * Waits until a change is in traffic: its rollout, if it is one, has succeeded, servers hold it, the pool says so, every
 * balancer has proved it.
 *
 * Promises: ends by its deadline with what it waits for; hears of every step by subscription and looks again every few
 * seconds, so that a lost message delays but never hangs it. Must not know: why a group is as it is.
 */
import { GroupStatus } from '../../schemas/group-status.ts';
import { type FleetId, type GroupName, type Position, groupIdOf } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import { streamNames } from '../nats/stream-definitions.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import { decodeMessage } from '../wire/message.ts';
import { type Laggard, failedAt, straysAmong } from './failed-servers.ts';
import { queryTimeoutMsDefault } from './queries.ts';
import { type RolloutAsked, type RolloutStanding, rolloutStanding } from './rollout-wait.ts';
import { StatusInbox } from './status-inbox.ts';

/** The stages in the order a change passes them. */
export const trafficStages = ['servers', 'pool', 'balancers'] as const;
export type TrafficStage = (typeof trafficStages)[number];

export type WaitProgress =
  | { readonly step: 'stage'; readonly stage: TrafficStage; readonly status: GroupStatus }
  /** Who the group waits for has changed. */
  | { readonly step: 'laggards'; readonly laggards: readonly Laggard[]; readonly status: GroupStatus };

export interface WaitOptions {
  readonly group: string;
  /**
   * Servers the change shall bring into the pool. A group waits for nobody who is lost, so that a dead machine hangs
   * nobody; with this the wait then fails, instead of calling in traffic what is not.
   */
  readonly servers?: readonly string[];
  /** Milliseconds. Default 120,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Told of each step once. Must not throw. */
  readonly onProgress?: (progress: WaitProgress) => void;
}

export type WaitOutcome =
  | { readonly status: 'in-traffic'; readonly group: GroupStatus }
  /** A server could not take the change in, or is lost; it and the others go on as they are. */
  | { readonly status: 'failed'; readonly laggards: readonly Laggard[] }
  /** The change goes on; who it waits for is named. */
  | { readonly status: 'timeout'; readonly laggards: readonly Laggard[] };

/** A drain takes 30 s by default, and a move has one before its join. */
export const waitTimeoutMsDefault = 120_000;
/** How often to look though nothing was heard: a lost message costs at most this. */
const lookAgainMs = 2_000;
const getTimeoutMs = 2_000;

export interface Watch {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
}

export async function waitForTraffic(watch: Watch, position: Position, options: WaitOptions): Promise<WaitOutcome> {
  const { bus, fleet, clock } = watch;
  const { group, servers = [], timeoutMs = waitTimeoutMsDefault, signal, onProgress } = options;
  const subject = subjects.groupStatus(fleet, groupIdOf(group as GroupName));
  const deadlineAt = clock.monotonic() + timeoutMs;
  const progress = new Progress(position, onProgress);
  const inbox = new StatusInbox(bus, subject);
  try {
    let newest = await stored(bus, { fleet, subject });
    let rollout: RolloutStanding | undefined;
    for (;;) {
      newest = newer(newest, inbox.take());
      if (newest !== undefined) progress.take(newest);
      // A rollout first: it may go on in spite of a server, and goes back by itself.
      if (newest !== undefined && newest.position >= position) {
        const answerMs = Math.min(queryTimeoutMsDefault, Math.max(1, deadlineAt - clock.monotonic()));
        rollout = await lookAgain(watch, { group, position, timeoutMs: answerMs, signal, last: rollout });
      }
      if (rollout?.status === 'failed') return { status: 'failed', laggards: [rollout.laggard] };
      // Then who has given up on this change: the stages do not wait for them.
      const failed =
        newest === undefined || rollout?.status !== 'no-rollout'
          ? []
          : await failedAt(watch, { group, position, status: newest, clock, signal });
      if (failed.length > 0) return { status: 'failed', laggards: failed };
      const through = passedAt(position, rollout);
      if (newest !== undefined && through !== null && isInTraffic(newest, through)) {
        const strays = await straysAmong(watch, { group, position, servers });
        if (strays?.length === 0) return { status: 'in-traffic', group: newest };
        if (strays !== undefined) return { status: 'failed', laggards: strays };
      }
      const leftMs = deadlineAt - clock.monotonic();
      if (leftMs <= 0) return { status: 'timeout', laggards: newest?.laggards ?? [unheard(group)] };
      const heard = await inbox.wait({ clock, delayMs: Math.min(leftMs, lookAgainMs), signal });
      if (!heard) newest = newer(newest, await stored(bus, { fleet, subject }));
    }
  } finally {
    inbox.close();
  }
}

/** Asks while it may still change. */
async function lookAgain(
  watch: Watch,
  { last, ...asked }: RolloutAsked & { readonly last: RolloutStanding | undefined },
): Promise<RolloutStanding | undefined> {
  return last === undefined || last.status === 'under-way' ? await rolloutStanding(watch, asked) : last;
}

/** What every stage has to reach; null: not known yet. */
function passedAt(position: Position, rollout: RolloutStanding | undefined): Position | null {
  if (rollout?.status === 'succeeded') return rollout.ended;
  return rollout?.status === 'no-rollout' ? position : null;
}

/** Every stage is at or past the position. */
export function isInTraffic(status: GroupStatus, position: Position): boolean {
  return trafficStages.every((stage) => status[stage] >= position);
}

/** Remembers what was told, so that each step is told once. */
class Progress {
  readonly #position: Position;
  readonly #tell: (progress: WaitProgress) => void;
  readonly #reached = new Set<TrafficStage>();
  #laggards = '';

  constructor(position: Position, tell: ((progress: WaitProgress) => void) | undefined) {
    this.#position = position;
    this.#tell = tell ?? (() => undefined);
  }

  take(status: GroupStatus): void {
    // A status from before the change says nothing about it.
    if (status.position < this.#position) return;
    for (const stage of trafficStages) {
      if (status[stage] < this.#position) break;
      if (this.#reached.has(stage)) continue;
      this.#reached.add(stage);
      this.#tell({ step: 'stage', stage, status });
    }
    const laggards = JSON.stringify(status.laggards);
    if (laggards === this.#laggards || isInTraffic(status, this.#position)) return;
    this.#laggards = laggards;
    if (status.laggards.length > 0) this.#tell({ step: 'laggards', laggards: status.laggards, status });
  }
}

/** The last status stored; undefined where there is none yet, or where the server does not answer just now. */
async function stored(
  bus: Bus,
  { fleet, subject }: { readonly fleet: FleetId; readonly subject: string },
): Promise<GroupStatus | undefined> {
  try {
    const message = await bus.get({ stream: streamNames(fleet).groups, lastOf: subject }, 'any', getTimeoutMs);
    // A tombstone is empty: the group was deleted.
    if (message === undefined || message.data.length === 0) return undefined;
    return decodeMessage(GroupStatus, message.data, 'a stored group status');
  } catch (caught) {
    if (caught instanceof Failure && caught.retryable) return undefined;
    throw caught;
  }
}

function newer(a: GroupStatus | undefined, b: GroupStatus | undefined): GroupStatus | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.term > a.term || (b.term === a.term && b.position >= a.position) ? b : a;
}

function unheard(group: string): Laggard {
  return { what: group, reason: 'no coordinator has said how the group stands' };
}
