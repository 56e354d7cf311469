/**
 * The last value of every subject in a stream that keeps one message a subject (GROUPS, POOLS), as the leader sees
 * and writes it. Each write is fenced by the subject's own last sequence, one in flight a subject, newest wins; what
 * is there already, but for its term, is not written again. A value that somebody else wrote is noticed and told; bytes
 * that are no value of ours count as older than any, so that what is put replaces them.
 *
 * The caller's duty: only put what follows from acknowledged records.
 */
import type { z } from 'zod';
import { encodeMessage } from '../wire/message.ts';
import type { Bus, StoredMessage } from '../nats/bus.ts';
import { pause, unlessSilent } from '../std/deadline.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import type { Stamp } from '../../schemas/ids.ts';
import { sameFields } from '../std/same-fields.ts';
import { Semaphore } from '../std/semaphore.ts';
import { BySubject } from './by-subject.ts';
import { readStored, sameButTerm, type StoredValue } from './stored-value.ts';
import { publishesMax } from './timing.ts';

export interface LastValuesOptions {
  readonly bus: Bus;
  readonly stream: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly storeTimeoutMs: number;
  readonly signal: AbortSignal;
  /** What a value on this subject has to be. */
  readonly schemaOf: (subject: string) => z.ZodType<Stamp>;
  /** Our term: a value of a higher one means that we no longer lead. */
  readonly term: number;
  /** Of a value's bytes as they are stored, for whoever sums them. Default: none is kept. */
  readonly hashOf?: (data: Uint8Array) => bigint;
  /** Told when a subject's value is not (or no longer) what we put there. */
  readonly onForeign: (subject: string) => void;
}

/** A value as it is stored: what was decoded, and its sequence on the stream. Its bytes are not kept: there are many. */
export interface LastValue {
  readonly value: StoredValue;
  readonly sequence: number;
  /** By `hashOf`, of the stored bytes; 0 where none was given. */
  readonly hash: bigint;
}

interface Slot {
  current: LastValue | undefined;
  /** What should stand there, the bytes it will be and their hash; the newest put wins. */
  wanted: Wanted | undefined;
  /** The write under way, and what waits on it. */
  writing: Promise<void> | undefined;
  /** Bytes of the write in flight, to tell our own echo from another's value. */
  inFlight: Uint8Array | undefined;
}

interface Wanted {
  readonly value: Stamp;
  readonly data: Uint8Array;
  readonly hash: bigint;
}

const retryPolicy = { firstMs: 50, longestMs: 2_000 };

export class LastValues {
  readonly #options: LastValuesOptions;
  readonly #slots = new BySubject<Slot>(() => ({
    current: undefined,
    wanted: undefined,
    writing: undefined,
    inFlight: undefined,
  }));
  /** What stood there before we began is nobody's trespass. */
  #loaded = false;
  /** The highest sequence known to have been stored. */
  #newest = 0;
  readonly #permits = new Semaphore(publishesMax);

  constructor(options: LastValuesOptions) {
    this.#options = options;
  }

  /**
   * Reads what is there, then returns; goes on following in `following` until the signal fires. Fails with `timeout` where
   * nothing came for `storeTimeoutMs`: what was still to come may have been removed meanwhile, and a new look tells.
   */
  async load(): Promise<{ following: Promise<void> }> {
    const { bus, stream, clock, storeTimeoutMs: timeoutMs, signal } = this.#options;
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
    const work = Promise.race([ready, following]);
    await unlessSilent({ clock, timeoutMs, what: `more of ${stream}`, work, seen: () => this.#newest });
    this.#loaded = true;
    return { following };
  }

  /**
   * What to end for: the stream ends before what was stored, so what is believed to stand there may not. At once, though one
   * who leads the stream no more may have answered: a reign that ends for nothing costs a term, and one that goes on fills
   * the places of what was lost, after which no look can tell. Throws what asking throws.
   */
  async missing(): Promise<Failure | undefined> {
    const { bus, stream } = this.#options;
    const newest = this.#newest;
    const { lastSequence } = await bus.streamStatus(stream);
    if (lastSequence >= newest) return undefined;
    const message = `${stream} ends at ${lastSequence}, and ${newest} was stored: it is read again`;
    return new Failure({ code: 'unavailable', retryable: true, message });
  }

  get(subject: string): LastValue | undefined {
    return this.#slots.get(subject)?.current;
  }

  /** Every value whose subject is `prefix` (ending in ".server.") and one more token. */
  under(prefix: string): [string, LastValue][] {
    const found: [string, LastValue][] = [];
    for (const [token, { current }] of this.#slots.under(prefix)) {
      if (current !== undefined) found.push([prefix + token, current]);
    }
    return found;
  }

  /** The hash of what stands there once what was put is stored. */
  upcomingHash(subject: string): bigint | undefined {
    const slot = this.#slots.get(subject);
    return slot?.wanted?.hash ?? slot?.current?.hash;
  }

  /** Whether a value stands under `prefix` (ending in ".server.") and this token. */
  has(prefix: string, token: string): boolean {
    return this.#slots.under(prefix).get(token)?.current !== undefined;
  }

  /**
   * Undefined when the value stands there already; else resolves when it, or a newer one put meanwhile, is stored. Values
   * put in one turn are sent in that order; one that is refused or unanswered is sent again, behind the others then.
   */
  put(subject: string, value: Stamp): Promise<void> | undefined {
    const slot = this.#slots.of(subject);
    if (slot.writing === undefined && sameButTerm(slot.current?.value, value)) return undefined;
    const data = encodeMessage(value);
    slot.wanted = { value, data, hash: this.#hashOf(data) };
    slot.writing ??= this.#write(subject, slot);
    return slot.writing;
  }

  /** Removes the subject's value. A value put meanwhile stays. */
  async clear(subject: string): Promise<void> {
    const slot = this.#slots.get(subject);
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
        const { wanted } = slot;
        // By its term too: its hash is told by now, and another's bytes of the same value have another.
        if (sameFields(wanted.value, slot.current?.value)) {
          slot.wanted = undefined;
          continue;
        }
        try {
          // After an unknown outcome: see what stands there before writing again under the fence.
          if (failures > 0) await this.#reload(subject, slot);
          await this.#writeOnce(subject, slot, wanted);
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
      // Where it failed: what was wanted is for whoever put it to put again.
      slot.wanted = undefined;
    }
  }

  async #writeOnce(subject: string, slot: Slot, { value, data, hash }: Wanted): Promise<void> {
    if (sameFields(value, slot.current?.value)) return;
    const { bus, storeTimeoutMs: timeoutMs } = this.#options;
    const expect = { lastSubjectSequence: slot.current?.sequence ?? 0 };
    slot.inFlight = data;
    try {
      const outcome = await this.#permits.run(() => bus.store({ subject, data, expect, timeoutMs }));
      if (outcome.status === 'conflict') await this.#reload(subject, slot);
      else {
        slot.current = { value: { ...value }, sequence: outcome.sequence, hash };
        this.#newest = Math.max(this.#newest, outcome.sequence);
      }
    } finally {
      slot.inFlight = undefined;
    }
  }

  async #reload(subject: string, slot: Slot): Promise<void> {
    const { bus, stream, storeTimeoutMs } = this.#options;
    const message = await bus.get({ stream, lastOf: subject }, 'leader', storeTimeoutMs);
    slot.current = message === undefined ? undefined : this.#toLastValue(message);
    this.#refuseHigherTerm(slot.current);
  }

  #take(message: StoredMessage): void {
    this.#newest = Math.max(this.#newest, message.sequence);
    const slot = this.#slots.of(message.subject);
    if (message.sequence <= (slot.current?.sequence ?? 0)) return;
    if (slot.inFlight !== undefined && Buffer.compare(slot.inFlight, message.data) === 0) return;
    slot.current = this.#toLastValue(message);
    this.#refuseHigherTerm(slot.current);
    if (this.#loaded) this.#options.onForeign(message.subject);
  }

  #toLastValue({ subject, data, sequence }: StoredMessage): LastValue {
    const value = readStored(data, this.#options.schemaOf(subject));
    return { value, sequence, hash: this.#hashOf(data) };
  }

  #hashOf(data: Uint8Array): bigint {
    return this.#options.hashOf?.(data) ?? 0n;
  }

  #refuseHigherTerm(current: LastValue | undefined): void {
    if (current === undefined || current.value.term <= this.#options.term) return;
    const message = `a value of term ${current.value.term} stands in ${this.#options.stream}, above our term ${this.#options.term}`;
    throw new Failure({ code: 'not-leader', retryable: false, message });
  }
}
