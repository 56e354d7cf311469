/** One try to lead: `coordinator.elected`, appended at the head of the log, where only one of those who try can land. */
import { cloneState } from '../domain/fleet-state.ts';
import { type ChainCursor, emptyCursor } from '../eventlog/chain.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import { LogWriter } from '../eventlog/log-writer.ts';
import { pause } from '../std/deadline.ts';
import { assert, Failure } from '../std/failure.ts';
import type { LeaderBeat } from '../../schemas/coordinators.ts';
import { compareStamps, type Term } from '../../schemas/ids.ts';
import type { Watermark } from '../../schemas/record.ts';
import type { CoordinatorOptions } from './coordinator.ts';
import { Deciding } from './deciding.ts';
import { type FleetFold, foldToHead } from './fleet-fold.ts';
import { checkStanding, persistent } from './standing.ts';

export interface ElectionOptions extends Omit<CoordinatorOptions, 'durability' | 'signer' | 'shares'> {
  readonly log: LogPort;
  readonly fold: FleetFold;
  /** The furthest that a leader was heard to have got. */
  readonly furthest: () => LeaderBeat | undefined;
  /** The term whose leader is gone. */
  readonly after: Term;
  readonly signal: AbortSignal;
}

/** What an acknowledged election leaves: the only writer of this term, and the head it writes from. */
export interface Elected {
  readonly writer: LogWriter;
  readonly deciding: Deciding;
}

/** Undefined when somebody was before us. Throws `log-broken`, `log-regressed`, `no-room` and what the store throws. */
export async function elect(options: ElectionOptions): Promise<Elected | undefined> {
  const { bus, names, fold, log, furthest, after, signal, timing, highMark, clock } = options;
  const { storeTimeoutMs: timeoutMs, regressPatienceMs: patienceMs } = timing;
  const patience = { patienceMs, clock, signal };
  await persistent(patience, async () => {
    await foldToHead(fold, { log, clock, timeoutMs, signal });
    requireHeard(fold.cursor, furthest());
  });
  if (fold.cursor.term > after) return undefined;
  await persistent(patience, () => highMark.check(log, timeoutMs, fold.state.recovered));
  const watermark = await checkStanding(fold.cursor, { ...patience, bus, log, commands: names.commands, timeoutMs });
  if (watermark === undefined) return undefined;
  return appendElection(options, watermark);
}

/** A leader says what is acknowledged: where the log ends before that, its term would be given a second time. */
function requireHeard({ log, term, position }: ChainCursor, heard: LeaderBeat | undefined): void {
  if (heard === undefined || heard.log !== log || compareStamps(heard, { term, position }) <= 0) return;
  const said = `${heard.instance} was heard to have acknowledged position ${heard.position} in term ${heard.term}`;
  const message = `the log ends at position ${position} (term ${term}, log ${log}), but ${said}`;
  throw new Failure({ code: 'log-regressed', retryable: false, message });
}

async function appendElection(options: ElectionOptions, watermark: Watermark): Promise<Elected | undefined> {
  const { fleet, instance, clock, random, timing, newLogId, seedGroups, logger, fold, signal } = options;
  const log = fold.cursor.log ?? newLogId();
  const term = fold.cursor.term + 1;
  const writer = new LogWriter({
    port: options.log,
    cursor: { ...(fold.cursor.log === null ? emptyCursor : fold.cursor), log },
    term,
    instance,
    watermark,
    clock,
    appendTimeoutMs: timing.appendTimeoutMs,
    settleDeadlineMs: timing.settleDeadlineMs,
    onAppended: (record, cursor) => fold.adopt(record, cursor),
  });
  const deciding = new Deciding({ head: cloneState(fold.state), writer, clock });
  if (fold.cursor.log === null) {
    const created = deciding.propose({ type: 'fleet.created', data: { fleet, log, groups: [...seedGroups] } });
    assert(!('code' in created), 'an empty log takes its first event');
  }
  const landed = new Promise<'elected'>((resolve) => {
    const elected = deciding.propose({ type: 'coordinator.elected', data: { term, instance } }, () =>
      resolve('elected'),
    );
    assert(!('code' in elected), 'the next term is always open');
  });
  const result = await Promise.race([landed, writer.ended]);
  if (result === 'elected') return { writer, deciding };
  logger.info({ term, reason: result.message }, 'not elected');
  await writer.stop();
  if (result.code === 'no-room' || (!result.retryable && result.code !== 'not-leader')) throw result;
  await pause({ clock, delayMs: random() * timing.electionJitterMs, signal });
  return undefined;
}
