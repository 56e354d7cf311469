/**
 * The one writer: gathers decided events into records and appends them under the fence, one append in flight.
 *
 * Promises: events reach the log in the order they were added, each once, and nobody is told before the ack. No pause
 * is added: an idle writer appends at once, and while an append is in flight the next record fills. An append whose
 * outcome is unknown is settled before the next one (`settle.ts`). It ends, once, with a failure: `not-leader` when
 * the slot is somebody else's, `unavailable` when an outcome could not be settled in time, `log-broken` when the log
 * ends below what was acknowledged, `closed` when it was stopped.
 *
 * Must not know: what an event means, where commands come from.
 * Duties of the caller: give events dense positions, from the cursor's on; stop adding past a backlog of its choice;
 * after the end throw the head away, since what was added then is not appended, nor its `onDurable` called.
 */
import { eventBytesMax, type Record, type Watermark } from '../../schemas/record.ts';
import type { Term } from '../../schemas/ids.ts';
import type { Clock } from '../std/clock.ts';
import { assert, Failure } from '../std/failure.ts';
import { type ChainCursor, cursorAfter } from './chain.ts';
import { type Batch, EntryQueue, type LogEntry } from './entry-queue.ts';
import type { LogPort } from './log-port.ts';
import { encodeRecord, type RecordHead, recordHash } from './record-codec.ts';
import { overtaken, settle } from './settle.ts';

export interface LogWriterOptions {
  readonly port: LogPort;
  /** Where the log stands. On an empty log with the identity the log is to get. */
  readonly cursor: ChainCursor;
  readonly term: Term;
  /** Random, new at each process start: tells this writer's records from another's. */
  readonly instance: string;
  /** What the first record carries unless an entry brings a later one. */
  readonly watermark: Watermark;
  readonly clock: Clock;
  /** How long one append may take before its outcome counts as unknown. */
  readonly appendTimeoutMs: number;
  /** How long settling an unknown outcome may take before the writer gives up. */
  readonly settleDeadlineMs: number;
  /** Told of each record of ours once it is acknowledged, barriers included, in order, before its `onDurable`s. */
  readonly onAppended: (record: Record, cursor: ChainCursor) => void;
}

/** A record and the bytes it is sent as. */
interface Sealed {
  readonly record: Record;
  readonly data: Uint8Array;
}

export class LogWriter {
  /** Resolves when the writer has ended, with the reason. Never rejects. */
  readonly ended: Promise<Failure>;
  readonly #options: LogWriterOptions;
  /** Where the log stands by what was acknowledged. */
  #cursor: ChainCursor;
  readonly #queue: EntryQueue;
  /** Records sealed under this instance, barriers included. */
  #counter = 0;
  /** Entries ever added, and how many of them are durable and told of. */
  #added = 0;
  #durable = 0;
  /** True while the loop runs or is about to; the loop itself. */
  #running = false;
  #loop: Promise<void> = Promise.resolve();
  #failure: Failure | undefined;
  readonly #stop = new AbortController();
  #resolveEnded: (failure: Failure) => void = () => {};
  /** Who waits for the first `upTo` entries to be durable, in that order. */
  #draining: { upTo: number; resolve: () => void; reject: (failure: Failure) => void }[] = [];

  constructor(options: LogWriterOptions) {
    assert(options.cursor.log !== null, 'a writer knows its log');
    assert(options.term >= options.cursor.term, 'a writer opens no closed term');
    this.#options = options;
    this.#cursor = options.cursor;
    this.#queue = new EntryQueue(options.watermark);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Entries added and not yet durable. */
  get backlog(): number {
    return this.#added - this.#durable;
  }

  add(entry: LogEntry): void {
    assert(entry.encoded.length <= eventBytesMax, 'an event was cut to size where it was decided');
    if (this.#failure !== undefined) return;
    this.#queue.push(entry);
    this.#added++;
    if (this.#running) return;
    this.#running = true;
    // A microtask, not a pause: what is decided in the same breath shares the record.
    this.#loop = Promise.resolve().then(() => this.#run());
  }

  /** Moves the watermark without an event: a duplicate was consumed. It goes with the record that comes next anyhow. */
  touchWatermark(watermark: Watermark): void {
    this.#queue.touch(watermark);
  }

  /** Resolves once everything added so far is durable and told of; rejects if the writer ends before. */
  drained(): Promise<void> {
    if (this.backlog === 0) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#draining.push({ upTo: this.#added, resolve, reject }));
  }

  /** Appends nothing more. Resolves when what was in flight is told of or, unanswered, given up: it may still land. */
  stop(): Promise<void> {
    this.#end(new Failure({ code: 'closed', retryable: false, message: 'the log writer was stopped' }));
    return this.#loop;
  }

  async #run(): Promise<void> {
    let tell: (() => void) | undefined;
    for (;;) {
      const batch = this.#failure === undefined ? this.#queue.take() : undefined;
      if (batch === undefined) {
        if (tell === undefined) break;
        // Telling may add: look again before going idle.
        tell();
        tell = undefined;
        continue;
      }
      const sent = this.#seal(batch);
      const appending = this.#append(sent);
      // Two turns, so that the append is on the wire before anything else takes the processor.
      await null;
      await null;
      tell?.();
      tell = await this.#outcome(batch, sent, appending);
    }
    this.#running = false;
    if (this.#failure !== undefined) for (const waiter of this.#draining.splice(0)) waiter.reject(this.#failure);
  }

  /** What to do once the batch is durable: telling who waits. Undefined when the writer has ended instead. */
  async #outcome(batch: Batch, first: Sealed, appending: Promise<Appended>): Promise<(() => void) | undefined> {
    let sent = first;
    // Hashed while the append is under way, so that neither the next record nor whoever is told waits for it.
    let after = this.#cursorBehind(sent);
    let outcome = await appending;
    while (outcome === 'unknown' && this.#failure === undefined) {
      const landed = await this.#settle(sent);
      if (landed === undefined) return undefined;
      if (landed === sent) {
        outcome = 'appended';
      } else {
        // The record never landed and never will: its events keep their positions and are appended again.
        this.#cursor = this.#cursorBehind(landed);
        this.#options.onAppended(landed.record, this.#cursor);
        sent = this.#seal(batch);
        after = this.#cursorBehind(sent);
        outcome = await this.#append(sent);
      }
    }
    if (outcome === 'conflict') this.#end(overtaken(this.#cursor.sequence + 1));
    if (outcome !== 'appended') return undefined;
    this.#cursor = after;
    return () => this.#tell(batch, sent.record, after);
  }

  #tell({ entries }: Batch, record: Record, cursor: ChainCursor): void {
    this.#options.onAppended(record, cursor);
    this.#durable += entries.length;
    for (const entry of entries) entry.onDurable?.(entry);
    while (this.#draining[0] !== undefined && this.#draining[0].upTo <= this.#durable)
      this.#draining.shift()?.resolve();
  }

  /** An ack counts only for the one slot it was asked for; any other is as good as none. */
  async #append({ data }: Sealed): Promise<Appended> {
    const { port, appendTimeoutMs: timeoutMs } = this.#options;
    const expectedLastSequence = this.#cursor.sequence;
    try {
      const outcome = await port.append({ data, expectedLastSequence, timeoutMs });
      if (outcome.status === 'conflict') return 'conflict';
      return outcome.sequence === expectedLastSequence + 1 ? 'appended' : 'unknown';
    } catch (caught) {
      if (!(caught instanceof Failure)) throw caught;
      return 'unknown';
    }
  }

  /** What the slot holds of ours: `sent` itself, or a barrier that proves it can never land. Undefined: ended. */
  async #settle(sent: Sealed): Promise<Sealed | undefined> {
    const { port, clock, appendTimeoutMs, settleDeadlineMs } = this.#options;
    const barrier = this.#seal({ entries: [], watermark: this.#cursor.watermark });
    const settled = await settle({
      port,
      clock,
      slot: this.#cursor.sequence + 1,
      record: sent.data,
      barrier: barrier.data,
      attemptTimeoutMs: appendTimeoutMs,
      deadlineMs: settleDeadlineMs,
      signal: this.#stop.signal,
    });
    if (settled.status === 'record') return sent;
    if (settled.status === 'barrier') return barrier;
    this.#end(settled.failure);
    return undefined;
  }

  /** The next record of the chain, as it would be stored. Without entries: a barrier. */
  #seal({ entries, watermark }: Batch): Sealed {
    const { log, sequence, hash, position } = this.#cursor;
    assert(log !== null, 'a writer knows its log');
    assert(
      entries.every(({ event }, index) => event.position === position + 1 + index),
      'positions follow the log',
    );
    const head: RecordHead = {
      format: 1,
      log,
      term: this.#options.term,
      writer: this.#options.instance,
      counter: ++this.#counter,
      first: position + 1,
      previousSequence: sequence,
      previousHash: hash,
      watermark,
    };
    const data = encodeRecord(
      head,
      entries.map((entry) => entry.encoded),
    );
    return { record: { ...head, events: entries.map((entry) => entry.event) }, data };
  }

  /** Where the log stands once this, which follows on what was acknowledged, is in it. */
  #cursorBehind({ record, data }: Sealed): ChainCursor {
    return cursorAfter(record, { sequence: this.#cursor.sequence + 1, hash: recordHash(data) });
  }

  #end(failure: Failure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#stop.abort();
    this.#resolveEnded(failure);
  }
}

type Appended = 'appended' | 'conflict' | 'unknown';
