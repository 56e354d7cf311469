/** Carries a plan out for whoever asks over HTTP: a line as each change is sent, waits, and has come through. */
import { z } from 'zod';
import { Event } from '../../schemas/events.ts';
import { Position } from '../../schemas/ids.ts';
import { Rejection } from '../../schemas/rejection.ts';
import { carryOutPlan, type DueChange } from '../../src/changes/carry-out-plan.ts';
import { followThrough, type Followed } from '../../src/changes/follow-through.ts';
import { waitForGroups } from '../../src/changes/group-wait.ts';
import type { Laggard } from '../../src/client/failed-servers.ts';
import type { SendOutcome } from '../../src/client/command-sender.ts';
import type { Muster } from '../../src/client/muster.ts';
import type { FleetPlan } from '../../src/fleet-file/plan.ts';
import type { Clock } from '../../src/std/clock.ts';
import type { Telling } from './answer-lines.ts';

export const ChangeDone = z.object({
  /** From 1. */
  number: z.int(),
  of: z.int(),
  text: z.string(),
  /**
   * `unchanged`: it was so already. `accepted`: decided, with nothing to wait for. `in-traffic`: every server, pool and
   * balancer has it. Anything else ended the plan here.
   */
  status: z.enum([
    'unchanged',
    'accepted',
    'in-traffic',
    'refused',
    'failed',
    'halted',
    'paused',
    'rolled-back',
    'late',
  ]),
  position: Position,
  event: Event.optional(),
  rejection: Rejection.optional(),
  /** Why it ended so, where the status does not say it all; whom it waits for. */
  reason: z.string().optional(),
});
type ChangeDone = z.infer<typeof ChangeDone>;

export const ApplyLine = z.union([
  /** A change is being carried out: what it waits for now. */
  z.strictObject({ waiting: z.object({ number: z.int(), of: z.int(), text: z.string(), on: z.string() }) }),
  z.strictObject({ change: ChangeDone }),
  /** The last line. */
  z.strictObject({
    end: z.object({ status: z.enum(['done', 'stopped']), changes: z.int(), carriedOut: z.int() }),
  }),
]);

const wellEnded: ReadonlySet<ChangeDone['status']> = new Set(['unchanged', 'accepted', 'in-traffic']);
/** Of each change; the rest are as many again. */
const laggardsMax = 3;

export interface ApplyOptions {
  readonly muster: Muster;
  readonly clock: Clock;
  readonly plan: FleetPlan;
  readonly token: string;
  readonly reason: string | undefined;
  /** Sends the next without waiting until the one before is in traffic. */
  readonly detach: boolean;
  /** Of each change, in milliseconds. */
  readonly timeoutMs: number;
  readonly telling: Telling;
}

/** Returns the last line. */
export async function apply(options: ApplyOptions): Promise<object> {
  const { muster, plan, token, reason, telling } = options;
  const { signal, tell } = telling;
  let carriedOut = 0;
  const carried = await carryOutPlan<ChangeDone['status']>({
    plan,
    token,
    send: ({ change: { command }, id, ifPosition }) =>
      muster.send(command.type, command.payload, {
        id,
        issuedAt: null,
        signal,
        ...(ifPosition === undefined ? {} : { ifPosition }),
        ...(reason === undefined ? {} : { reason }),
      }),
    settle: async (outcome, due) => {
      const { number, of, change } = due;
      const settled = await settle(outcome, due, options);
      await tell({ change: { number, of, text: change.text, position: outcome.position, ...settled } });
      if (!wellEnded.has(settled.status)) return settled.status;
      carriedOut += 1;
      return undefined;
    },
  });
  return { end: { status: carried.status, changes: plan.changes.length, carriedOut } };
}

type Settled = Omit<ChangeDone, 'number' | 'of' | 'text' | 'position'>;

async function settle(outcome: SendOutcome, due: DueChange, options: ApplyOptions): Promise<Settled> {
  if (outcome.status === 'rejected') {
    const { rejection } = outcome;
    return { status: rejection.code === 'unchanged' ? 'unchanged' : 'refused', rejection };
  }
  const { event } = outcome;
  if (options.detach) return { status: 'accepted', event };
  return { ...settledBy(await follow(event, due, options)), event };
}

function follow(event: Event, due: DueChange, options: ApplyOptions): Promise<Followed> {
  const { muster, clock, timeoutMs, telling } = options;
  const { signal, tell } = telling;
  let last = '';
  const waits = (on: string) => {
    if (on === last || on === '') return;
    last = on;
    // Who has gone ends it by the signal.
    tell({ waiting: { number: due.number, of: due.of, text: due.change.text, on } }).catch(() => undefined);
  };
  return followThrough(event, {
    timeoutMs,
    clock,
    rollout: ({ group, rollout, timeoutMs: withinMs }) =>
      muster.waitForRollout(rollout, {
        group,
        timeoutMs: withinMs,
        signal,
        onProgress: ({ progress }) => waits(progress?.next ?? ''),
      }),
    traffic: (asked) =>
      waitForGroups({
        ...asked,
        muster,
        clock,
        signal,
        onProgress: () => (step) => step.step === 'laggards' && waits(laggardsText(step.laggards)),
      }),
  });
}

function settledBy(followed: Followed): Omit<Settled, 'event'> {
  if (followed.by === 'nothing') return { status: 'accepted' };
  if (followed.by === 'traffic') {
    const { result, afterRollout } = followed;
    if (result.status === 'in-traffic') return { status: 'in-traffic' };
    const reason = laggardsText(result.laggards);
    if (result.status === 'timeout') return { status: 'late', reason };
    return afterRollout ? { status: 'in-traffic', reason: `not waited for: ${reason}` } : { status: 'failed', reason };
  }
  const { outcome } = followed;
  if (outcome.status === 'unknown') return { status: 'failed', reason: 'the group remembers its rollout no more' };
  if (outcome.status === 'timeout') return { status: 'late', reason: outcome.rollout?.progress?.next ?? '' };
  const { status, reason } = outcome.rollout;
  if (status === 'paused' || status === 'halted' || status === 'rolled-back') return { status, reason };
  return { status: 'failed', reason: `its rollout was ${status}${reason === '' ? '' : `: ${reason}`}` };
}

function laggardsText(laggards: readonly Laggard[]): string {
  const named = laggards.slice(0, laggardsMax).map(({ what, reason }) => `${what}: ${reason}`);
  const more = laggards.length > laggardsMax ? ` · and ${laggards.length - laggardsMax} more` : '';
  return `${named.join(' · ')}${more}`;
}
