/**
 * The way out of a log that went back: on a person's word it goes on from where it ends. Opens a term above every one
 * that anybody has seen, so that whoever saw more believes what comes; says in the log what was given up; sets the high
 * mark of this machine anew (others find the recovery in the log); and has the feed made anew where it reaches further.
 *
 * Nothing else starts a log that went back.
 */
import { cloneState } from '../domain/fleet-state.ts';
import { isRejection } from '../domain/propose.ts';
import { LogWriter } from '../eventlog/log-writer.ts';
import { assert, Failure } from '../std/failure.ts';
import type { Position, Principal } from '../../schemas/ids.ts';
import type { EventData } from '../../schemas/events.ts';
import type { Watermark } from '../../schemas/record.ts';
import { commandHash } from './command-address.ts';
import { Deciding } from './deciding.ts';
import { type LookOptions, lookAtLog, type RecoveryView } from './recovery-view.ts';
import type { Timing } from './timing.ts';

export interface RecoverOptions extends LookOptions {
  /** Where the log ends, which its operator has looked at: anything else is refused. */
  readonly at: Position;
  readonly commands: EventData<'log.recovered'>['commands'];
  readonly by: Principal;
  readonly instance: string;
  readonly timing: Pick<Timing, 'appendTimeoutMs' | 'settleDeadlineMs' | 'storeTimeoutMs'>;
}

export interface Recovered {
  readonly view: RecoveryView;
  readonly term: number;
  readonly position: Position;
}

/**
 * Terms that a machine which cannot be asked now may have seen beyond what could be looked at: one that was told an equal
 * term would take the recovery for what it gave up. More elections than a log loses when it goes back, and terms cost nothing.
 */
const unseenTermsMax = 1_000;

/** Throws what `lookAtLog` throws; `conflict` where the log ends elsewhere than its operator has seen. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { bus, names, log, at, commands, by, clock, instance, timing, highMark } = options;
  const view = await lookAtLog(options);
  const { cursor, state, seen } = view;
  if (cursor.log === null) {
    const message = 'the log is empty: there is nothing to go on from; restore it from a backup or an export';
    throw new Failure({ code: 'log-regressed', retryable: false, message });
  }
  if (at !== cursor.position) {
    const message = `the log ends at position ${cursor.position}, not ${at}: look again before it goes on from there`;
    throw new Failure({ code: 'conflict', retryable: false, message });
  }
  const term = Math.max(seen.term, cursor.term) + unseenTermsMax + 1;
  let after = cursor;
  const writer = new LogWriter({
    port: log,
    cursor: { ...cursor },
    term,
    instance,
    watermark: await resumeAt(options, view),
    clock,
    appendTimeoutMs: timing.appendTimeoutMs,
    settleDeadlineMs: timing.settleDeadlineMs,
    onAppended: (_record, next) => {
      after = next;
    },
  });
  const deciding = new Deciding({ head: cloneState(state), writer, clock });
  // Both in one record: there is no election of this term without its reason.
  const elected = deciding.propose({ type: 'coordinator.elected', data: { term, instance } });
  assert(!isRejection(elected), 'a term above every one that was seen is open');
  const recovered = deciding.propose({ type: 'log.recovered', data: { at, seen, commands, by } });
  assert(!isRejection(recovered), 'a recovery follows on the end of the log');
  try {
    await writer.drained();
  } finally {
    await writer.stop();
  }
  await highMark.raise(after);
  if (view.isFeedAhead) await bus.removeStream(names.feed);
  return { view, term, position: after.position };
}

/** Where COMMANDS is read from next. */
async function resumeAt(
  { bus, names, commands, timing }: RecoverOptions,
  { cursor, commands: view }: RecoveryView,
): Promise<Watermark> {
  const { stream, lastSequence: sequence, trouble } = view;
  if (commands === 'redecide') {
    // From the first there is: those whose ids the log knows are repeats, and have no second effect.
    return trouble === undefined ? cursor.watermark : { stream, sequence: 0, hash: '' };
  }
  const last = await bus.get({ stream: names.commands, sequence }, 'leader', timing.storeTimeoutMs);
  if (last === undefined) return { stream, sequence: 0, hash: '' };
  return { stream, sequence, hash: commandHash(last.subject, last.data) };
}
