/**
 * A leader for drills: follows the log to its head, opens the next term and appends without pause until it is
 * overtaken. Also a process of its own: `tsx eventlog-leader.ts <url> <stream> <subject> <instance>`, which writes one
 * line of JSON when it leads and one when it has ended.
 */
import { type ChainCursor, emptyCursor, follow } from '../../src/eventlog/chain.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { LogPort, StoredRecord } from '../../src/eventlog/log-port.ts';
import { LogWriter } from '../../src/eventlog/log-writer.ts';
import { systemClock } from '../../src/std/clock.ts';
import type { FailureCode } from '../../src/std/failure.ts';
import { openBus } from '../support/nats-bus.ts';
import { entryAt, logId } from '../unit/eventlog-fixtures.ts';

/** What one wrote down about its reign. */
export interface Reign {
  readonly instance: string;
  readonly term: number;
  readonly ended: FailureCode;
  /** The last position it was told is durable; 0: none. */
  readonly durable: number;
}

/** Short, so that a leader frozen for longer wakes up with an unknown outcome. */
export const appendTimeoutMs = 300;
/** Several records' worth: an append is in flight at any moment. */
const backlogMax = 400;

/** Every record there is now. */
export async function readAll(port: LogPort): Promise<StoredRecord[]> {
  const stored: StoredRecord[] = [];
  const lastSequence = await port.lastSequence(5_000);
  const stopped = new AbortController();
  if (lastSequence === 0) return stored;
  for await (const record of port.read({ fromSequence: 1, signal: stopped.signal })) {
    stored.push(record);
    if (record.sequence >= lastSequence) stopped.abort();
  }
  return stored;
}

export async function headOf(port: LogPort): Promise<ChainCursor> {
  let cursor = emptyCursor;
  for (const stored of await readAll(port)) {
    const followed = follow(cursor, stored);
    if (followed.status !== 'linked') throw new Error(`record ${stored.sequence} is ${followed.status}`);
    cursor = followed.cursor;
  }
  return cursor;
}

export interface LeadOptions {
  readonly port: LogPort;
  readonly instance: string;
  /** Asked after each ack; true: stop. Default: never. */
  readonly enough?: () => boolean;
  readonly onLeading?: (term: number) => void;
}

/** Leads until it is overtaken or has had enough. */
export async function lead({ port, instance, enough, onLeading }: LeadOptions): Promise<Reign> {
  const head = await headOf(port);
  const term = head.term + 1;
  let position = head.position;
  let durable = 0;
  const writer = new LogWriter({
    port,
    cursor: { ...head, log: head.log ?? logId },
    term,
    instance,
    watermark: head.watermark,
    clock: systemClock,
    appendTimeoutMs,
    settleDeadlineMs: 30_000,
    onAppended(record) {
      if (record.events.length > 0 && durable === 0) onLeading?.(term);
      durable = record.first + record.events.length - 1;
      if (enough?.() === true) void writer.stop();
      else fill();
    },
  });
  const fill = () => {
    while (writer.backlog < backlogMax) writer.add(entryAt(++position));
  };
  writer.add(entryAt(++position));
  const { code } = await writer.ended;
  await writer.stop();
  return { instance, term, ended: code, durable };
}

const [, script, url, stream, subject, instance] = process.argv;
if (script?.endsWith('eventlog-leader.ts') && url !== undefined && stream !== undefined) {
  const bus = await openBus(url, 'leader');
  const port = jetstreamLog({ bus, stream, subject: subject ?? '', clock: systemClock });
  const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
  const reign = await lead({ port, instance: instance ?? 'child', onLeading: (term) => say({ leading: term }) });
  say(reign);
  await bus.close();
}
