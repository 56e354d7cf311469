/** One stream as its leader holds it, with all it ever held: a replica that lags shows what was. */
import type { Expectation, StreamDefinition, StreamStatus } from '../../../src/nats/bus.ts';
import { matches } from './subject.ts';

export interface Kept {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  /** By the server's wall clock, milliseconds since the epoch. */
  readonly storedAt: number;
  /** By the simulated clock. */
  readonly at: number;
  /** When it was replaced or purged; undefined: it stands. */
  goneAt: number | undefined;
}

export type Stored =
  | { readonly status: 'stored'; readonly message: Kept }
  | { readonly status: 'conflict' }
  | { readonly status: 'full' };

export class SimStream {
  readonly definition: StreamDefinition;
  readonly identity: string;
  /** All that ever were, by sequence - 1. */
  history: Kept[] = [];
  firstSequence = 1;
  maxBytes: number;
  /** Of what stands. */
  #bytes = 0;
  /** Until then nothing is answered or taken: it has no leader. By the simulated clock. */
  stalledUntil = 0;
  readonly #keptBySubject = new Map<string, Kept[]>();

  constructor(definition: StreamDefinition, identity: string) {
    this.definition = definition;
    this.identity = identity;
    this.maxBytes = definition.maxBytes;
  }

  get lastSequence(): number {
    return this.history.length;
  }

  takes(subject: string): boolean {
    return this.definition.subjects.some((pattern) => matches(pattern, subject));
  }

  store(message: Omit<Kept, 'sequence' | 'goneAt'>, expect: Expectation | undefined): Stored {
    if (expect?.lastSequence !== undefined && expect.lastSequence !== this.lastSequence) return { status: 'conflict' };
    const before = this.#keptBySubject.get(message.subject);
    const last = before?.at(-1);
    if (expect?.lastSubjectSequence !== undefined) {
      const there = last === undefined || last.goneAt !== undefined ? 0 : last.sequence;
      if (expect.lastSubjectSequence !== there) return { status: 'conflict' };
    }
    const isFull = this.#bytes + message.data.length > this.maxBytes && this.maxBytes !== -1;
    if (isFull && this.definition.discard === 'new') return { status: 'full' };
    const kept: Kept = { ...message, sequence: this.lastSequence + 1, goneAt: undefined };
    this.history.push(kept);
    this.#bytes += kept.data.length;
    if (before === undefined) this.#keptBySubject.set(message.subject, [kept]);
    else before.push(kept);
    if (this.definition.maxMessagesPerSubject === 1 && last !== undefined) this.#drop(last, message.at);
    return { status: 'stored', message: kept };
  }

  /** As of a time: now for the leader, earlier for a replica that lags. */
  at(sequence: number, asOf: number): Kept | undefined {
    const kept = this.history[sequence - 1];
    return kept !== undefined && stood(kept, asOf) ? kept : undefined;
  }

  lastOf(subject: string, asOf: number): Kept | undefined {
    return this.#keptBySubject.get(subject)?.findLast((kept) => stood(kept, asOf));
  }

  /** The first at or after `from` that matches. */
  nextOf(filter: string | undefined, from: number, asOf: number): Kept | undefined {
    for (let index = Math.max(0, from - 1); index < this.history.length; index += 1) {
      const kept = this.history[index] as Kept;
      if (stood(kept, asOf) && (filter === undefined || matches(filter, kept.subject))) return kept;
    }
    return undefined;
  }

  purge(below: number, filter: string | undefined, now: number): void {
    for (const kept of this.history) {
      if (kept.sequence >= below) break;
      if (filter === undefined || matches(filter, kept.subject)) this.#drop(kept, now);
    }
    while (this.firstSequence <= this.lastSequence && this.history[this.firstSequence - 1]?.goneAt !== undefined) {
      this.firstSequence += 1;
    }
  }

  /** As it was at a time: what was stored, replaced or purged since never was. False: nothing was stored since. */
  goBack(asOf: number): boolean {
    const kept = this.history.filter(({ at }) => at <= asOf);
    const isShorter = kept.length < this.history.length;
    this.history = kept;
    this.#keptBySubject.clear();
    this.#bytes = 0;
    for (const each of kept) {
      if (each.goneAt !== undefined && each.goneAt > asOf) each.goneAt = undefined;
      if (each.goneAt === undefined) this.#bytes += each.data.length;
      const same = this.#keptBySubject.get(each.subject);
      if (same === undefined) this.#keptBySubject.set(each.subject, [each]);
      else same.push(each);
    }
    const first = kept.find(({ goneAt }) => goneAt === undefined);
    this.firstSequence = first?.sequence ?? this.lastSequence + 1;
    return isShorter;
  }

  /** As of a time: by whoever leads it, or led it then and does not know better. */
  status(asOf: number): StreamStatus {
    const { identity, maxBytes } = this;
    const known = this.history.filter(({ at }) => at <= asOf);
    const standing = known.filter((kept) => stood(kept, asOf));
    const lastSequence = known.length;
    const firstSequence = standing[0]?.sequence ?? lastSequence + 1;
    return { identity, firstSequence, lastSequence, messages: standing.length, bytes: this.#bytes, maxBytes };
  }

  #drop(kept: Kept, now: number): void {
    if (kept.goneAt !== undefined) return;
    kept.goneAt = now;
    this.#bytes -= kept.data.length;
  }
}

function stood({ at, goneAt }: Kept, asOf: number): boolean {
  return at <= asOf && (goneAt === undefined || goneAt > asOf);
}
