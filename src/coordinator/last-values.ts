/**
 * The last value of every subject in a stream that keeps one message a subject (GROUPS, POOLS), as the leader sees
 * and writes it. Each write is fenced by the subject's own last sequence, one in flight a subject, newest wins; what
 * is there already, but for its term, is not written again. A value that somebody else wrote is noticed and told.
 *
 * The caller's duty: only put what follows from acknowledged records.
 */
import { encodeMessage } from '../wire/message.ts';
import { decode } from '../wire/codec.ts';
import type { Bus, StoredMessage } from '../nats/bus.ts';
import { pause } from '../std/deadline.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import type { Stamp } from '../../schemas/ids.ts';
import { Semaphore } from '../std/semaphore.ts';
import { publishesMax } from './timing.ts';

export interface LastValuesOptions {
  readonly bus: Bus;
  readonly stream: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly storeTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Our term: a value of a higher one means that we no longer lead. */
  readonly term: number;
  /** Told when a subject's value is not (or no longer) what we put there. */
  readonly onForeign: (subject: string) => void;
}

/** A value as it is stored: what was decoded, its own bytes and its sequence on the stream. */
export interface LastValue {
  readonly value: Stamp & { readonly [field: string]: unknown };
  readonly data: Uint8Array;
  readonly sequence: number;
}

interface Slot {
  current: LastValue | undefined;
  /** What should stand there; the newest put wins. */
  wanted: Stamp | undefined;
  /** The write under way, and what waits on it. */
  writing: Promise<void> | undefined;
  /** Bytes of the write in flight, to tell our own echo from another's value. */
  inFlight: Uint8Array | undefined;
}

const retryPolicy = { firstMs: 50, longestMs: 2_000 };

export class LastValues {
  readonly #options: LastValuesOptions;
  readonly #slotBySubject = new Map<string, Slot>();
  /** Subjects by all but their last token, so that one pool is walked without the others. */
  readonly #subjectsByPrefix = new Map<string, Set<string>>();
  /** What stood there before we began is nobody's trespass. */
  #loaded = false;
  readonly #permits = new Semaphore(publishesMax);

  constructor(options: LastValuesOptions) {
    this.#options = options;
  }

  /** Reads what is there, then returns; goes on following in `following` until the signal fires. */
  async load(): Promise<{ following: Promise<void> }> {
    const { bus, stream, signal } = this.#options;
    const status = await bus.streamStatus(stream);
    let loaded: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      loaded = resolve;
    });
    if (status.messages === 0) loaded();
    const following = (async () => {
      for await (const message of bus.read({ stream, fromSequence: status.firstSequence, signal })) {
        this.#take(message);
        if (message.sequence >= status.lastSequence || message.pending === 0) loaded();
      }
    })();
    await Promise.race([ready, following]);
    this.#loaded = true;
    return { following };
  }

  get(subject: string): LastValue | undefined {
    return this.#slotBySubject.get(subject)?.current;
  }

  /** Every value whose subject is `prefix` (ending in ".") and one more token. */
  under(prefix: string): [string, LastValue][] {
    const found: [string, LastValue][] = [];
    for (const subject of this.#subjectsByPrefix.get(prefix) ?? []) {
      const current = this.get(subject);
      if (current !== undefined) found.push([subject, current]);
    }
    return found;
  }

  /** Undefined when the value stands there already; else resolves when it, or a newer one put meanwhile, is stored. */
  put(subject: string, value: Stamp): Promise<void> | undefined {
    const slot = this.#slotOf(subject);
    if (slot.writing === undefined && sameButTerm(slot.current, value)) return undefined;
    slot.wanted = value;
    slot.writing ??= this.#write(subject, slot);
    return slot.writing;
  }

  /** Removes the subject's value. A value put meanwhile stays. */
  async clear(subject: string): Promise<void> {
    const slot = this.#slotBySubject.get(subject);
    const sequence = slot?.current?.sequence;
    if (slot === undefined || sequence === undefined || slot.writing !== undefined) return;
    slot.current = undefined;
    const { bus, stream } = this.#options;
    await bus.purge({ stream, belowSequence: sequence + 1, filter: subject });
  }

  async #write(subject: string, slot: Slot): Promise<void> {
    const { clock, random, signal } = this.#options;
    // So that whoever asked has the promise before anything below ends it.
    await Promise.resolve();
    let failures = 0;
    try {
      while (slot.wanted !== undefined) {
        signal.throwIfAborted();
        const value = slot.wanted;
        if (sameButTerm(slot.current, value)) {
          slot.wanted = undefined;
          continue;
        }
        try {
          // After an unknown outcome: see what stands there before writing again under the fence.
          if (failures > 0) await this.#reload(subject, slot);
          await this.#writeOnce(subject, slot, value);
          failures = 0;
        } catch (error) {
          if (!(error instanceof Failure) || !error.retryable || signal.aborted) throw error;
          failures += 1;
          await pause({ clock, delayMs: backoffMs(retryPolicy, failures, random()), signal });
        }
      }
    } finally {
      // In the same turn as the last look at what is wanted: a value put after it begins a write of its own.
      slot.writing = undefined;
    }
  }

  async #writeOnce(subject: string, slot: Slot, value: Stamp): Promise<void> {
    if (sameButTerm(slot.current, value)) return;
    const { bus, storeTimeoutMs: timeoutMs } = this.#options;
    const data = encodeMessage(value);
    const expect = { lastSubjectSequence: slot.current?.sequence ?? 0 };
    slot.inFlight = data;
    try {
      const outcome = await this.#permits.run(() => bus.store({ subject, data, expect, timeoutMs }));
      if (outcome.status === 'conflict') await this.#reload(subject, slot);
      else slot.current = { value: { ...value }, data, sequence: outcome.sequence };
    } finally {
      slot.inFlight = undefined;
    }
  }

  async #reload(subject: string, slot: Slot): Promise<void> {
    const { bus, stream, storeTimeoutMs } = this.#options;
    const message = await bus.get({ stream, lastOf: subject }, 'leader', storeTimeoutMs);
    slot.current = message === undefined ? undefined : toLastValue(message);
    this.#refuseHigherTerm(slot.current);
  }

  #take(message: StoredMessage): void {
    const slot = this.#slotOf(message.subject);
    if (message.sequence <= (slot.current?.sequence ?? 0)) return;
    if (slot.inFlight !== undefined && Buffer.compare(slot.inFlight, message.data) === 0) return;
    slot.current = toLastValue(message);
    this.#refuseHigherTerm(slot.current);
    if (this.#loaded) this.#options.onForeign(message.subject);
  }

  #slotOf(subject: string): Slot {
    const known = this.#slotBySubject.get(subject);
    if (known !== undefined) return known;
    const slot: Slot = { current: undefined, wanted: undefined, writing: undefined, inFlight: undefined };
    this.#slotBySubject.set(subject, slot);
    const prefix = subject.slice(0, subject.lastIndexOf('.') + 1);
    const siblings = this.#subjectsByPrefix.get(prefix);
    if (siblings === undefined) this.#subjectsByPrefix.set(prefix, new Set([subject]));
    else siblings.add(subject);
    return slot;
  }

  #refuseHigherTerm(current: LastValue | undefined): void {
    if (current === undefined || current.value.term <= this.#options.term) return;
    const message = `a value of term ${current.value.term} stands in ${this.#options.stream}, above our term ${this.#options.term}`;
    throw new Failure({ code: 'not-leader', retryable: false, message });
  }
}

function toLastValue(message: StoredMessage): LastValue {
  const data = message.data.slice();
  return { value: decode(data) as LastValue['value'], data, sequence: message.sequence };
}

/** Who wrote it last does not matter, only what stands there and at which position. */
function sameButTerm(current: LastValue | undefined, value: Stamp): boolean {
  if (current === undefined) return false;
  if (current.value.position !== value.position || current.value.log !== value.log) return false;
  return Buffer.compare(encodeMessage({ ...value, term: current.value.term }), current.data) === 0;
}
