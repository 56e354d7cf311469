/**
 * NATS as its clients see it: streams under their fences, subscriptions, requests. What is published to a subject of a
 * stream reaches the subscribers of that subject whether the stream takes it or not, as in NATS: a fence keeps a value
 * out of the stream, not out of anybody's ears.
 */
import type { Expectation, StoredMessage, StreamDefinition } from '../../../src/nats/bus.ts';
import type { Chance } from '../world/chance.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Story } from '../world/story.ts';
import { epoch as storyBeganAt } from '../world/process.ts';
import type { SimLink } from './link.ts';
import { type Kept, SimStream } from './stream.ts';
import { matches } from './subject.ts';
import { calm, lateMs, type Weather } from './weather.ts';

export interface Subscription {
  readonly link: SimLink;
  readonly subject: string;
  readonly queue: string | undefined;
  readonly take: (message: Incoming) => void;
}

export interface Incoming {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  /** Undefined: it is no request. */
  readonly respond: ((data: Uint8Array) => void) | undefined;
}

export interface Reader {
  readonly link: SimLink;
  readonly epoch: number;
  readonly filter: string | undefined;
  /** The next sequence to send. */
  next: number;
  readonly take: (batch: readonly StoredMessage[]) => void;
}

export interface Publish {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly contentType?: string | undefined;
  readonly expect?: Expectation | undefined;
}

/** When what is acknowledged is safe from a power cut: at once, or once in a while. */
export type Sync = 'always' | 'interval';

export type StoreAnswer =
  | { readonly status: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly status: 'conflict' }
  | { readonly status: 'no-stream' }
  | { readonly status: 'full' };

/** How old the last sync of a stream may be. The default of NATS is two minutes; a story is shorter. */
const syncEveryMs = 3_000;

export class SimNats {
  readonly scheduler: Scheduler;
  readonly story: Story;
  readonly chance: Chance;
  weather: Weather = calm();
  up = true;
  /** Counts starts. */
  epoch = 1;
  readonly streams = new Map<string, SimStream>();
  readonly objectsByBucket = new Map<string, Map<string, Uint8Array>>();
  readonly links = new Set<SimLink>();
  /** Told of each message a stream took, and from whom. */
  onStored: (stream: SimStream, message: Kept, from: SimLink) => void = () => undefined;
  /** Told of each stream that is shorter than it was, after a power cut. */
  onTakenBack: (stream: SimStream) => void = () => undefined;
  /** Set while the power is to go in the midst of the next publish into a stream: what goes with it. */
  #powerGoes: (() => void) | undefined;
  readonly #sync: Sync;
  #subscriptions: Subscription[] = [];
  readonly #matching = new Map<string, readonly Subscription[]>();
  readonly #readersByStream = new Map<string, Set<Reader>>();
  /** Streams ever made: each has an identity of its own. */
  #made = 0;
  readonly #streamBySubject = new Map<string, SimStream | undefined>();

  constructor(options: { scheduler: Scheduler; story: Story; chance: Chance; sync: Sync }) {
    this.#sync = options.sync;
    this.scheduler = options.scheduler;
    this.story = options.story;
    this.chance = options.chance;
  }

  get wallClock(): number {
    return Math.floor(storyBeganAt + this.scheduler.now);
  }

  greet(link: SimLink): void {
    this.links.add(link);
  }

  /** A connection is gone, and all that hung on it. */
  forget(link: SimLink): void {
    this.links.delete(link);
    this.#subscriptions = this.#subscriptions.filter((subscription) => subscription.link !== link);
    this.#matching.clear();
    for (const readers of this.#readersByStream.values()) {
      for (const reader of readers) if (reader.link === link) readers.delete(reader);
    }
  }

  stop(): void {
    this.up = false;
    this.epoch += 1;
    for (const link of [...this.links]) link.drop();
  }

  start(): void {
    this.#powerGoes = undefined;
    this.up = true;
  }

  /** The power goes in the midst of the next publish into a stream, and `along` with it. `start` brings it back. */
  losePower(along: () => void): void {
    this.#powerGoes = along;
  }

  #powerCut(stream: SimStream, along: () => void): void {
    this.#powerGoes = undefined;
    this.story.tell('nats', `the power goes, in a publish into ${stream.definition.name}`);
    this.stop();
    along();
    if (this.#sync === 'always') return;
    for (const each of this.streams.values()) {
      if (!each.goBack(this.scheduler.now - this.chance.next() * syncEveryMs)) continue;
      this.story.tell('nats', `${each.definition.name} goes back to ${each.lastSequence}`);
      this.onTakenBack(each);
    }
  }

  subscribe(subscription: Subscription): void {
    this.#subscriptions.push(subscription);
    this.#matching.clear();
  }

  unsubscribe(subscription: Subscription): void {
    this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    this.#matching.clear();
  }

  /** To everybody subscribed, and into the stream that takes it, if any. False: nobody is subscribed. */
  publish(from: SimLink, message: Publish, respond?: (data: Uint8Array) => void): boolean {
    const heard = this.#route(from, message, respond);
    const stream = this.streamOf(message.subject);
    if (stream !== undefined) this.#apply(stream, from, message);
    return heard;
  }

  /** As a publish that asks the stream for an answer. */
  store(from: SimLink, message: Publish, answer: (answer: StoreAnswer) => void): void {
    this.#route(from, message, undefined);
    const stream = this.streamOf(message.subject);
    if (stream === undefined) return answer({ status: 'no-stream' });
    const { requestLost, ackLost, late, duplicate } = this.weather;
    const { chance } = this;
    const apply = (tell: (answer: StoreAnswer) => void) => {
      if (this.up) tell(this.#apply(stream, from, message));
    };
    if (this.scheduler.now < stream.stalledUntil) {
      // Without a leader it is dropped, or stands in line for the next one.
      if (chance.happens(0.5)) return;
      this.scheduler.at(stream.stalledUntil, () => apply(chance.happens(0.5) ? answer : ignore));
    } else if (chance.happens(requestLost)) {
      this.story.tell('nats', `a publish to ${message.subject} is lost`);
    } else if (chance.happens(late)) {
      this.story.tell('nats', `a publish to ${message.subject} is late`);
      this.scheduler.at(this.scheduler.now + chance.between(lateMs.least, lateMs.most), () => apply(ignore));
    } else if (chance.happens(ackLost)) {
      this.story.tell('nats', `an ack on ${message.subject} is lost`);
      apply(ignore);
    } else if (stream.definition.name.endsWith('_LOG') && chance.happens(duplicate)) {
      answer({
        status: 'stored',
        sequence: (message.expect?.lastSequence ?? stream.lastSequence) + 1,
        duplicate: true,
      });
    } else {
      apply(answer);
    }
  }

  streamOf(subject: string): SimStream | undefined {
    if (this.#streamBySubject.has(subject)) return this.#streamBySubject.get(subject);
    const found = [...this.streams.values()].find((stream) => stream.takes(subject));
    this.#streamBySubject.set(subject, found);
    return found;
  }

  ensureStream(definition: StreamDefinition): SimStream {
    let stream = this.streams.get(definition.name);
    if (stream === undefined) {
      this.#made += 1;
      stream = new SimStream(definition, `created-${this.#made}`);
      this.streams.set(definition.name, stream);
      this.#streamBySubject.clear();
    }
    return stream;
  }

  removeStream(name: string): void {
    this.streams.delete(name);
    this.#readersByStream.delete(name);
    this.#streamBySubject.clear();
  }

  /** How far back a direct get looks. */
  asOf(from: 'leader' | 'any'): number {
    const { now } = this.scheduler;
    const { stale, staleMs, deposed, deposedMs } = this.weather;
    if (this.chance.happens(deposed)) return now - this.chance.next() * deposedMs;
    return from === 'any' && this.chance.happens(stale) ? now - this.chance.next() * staleMs : now;
  }

  addReader(stream: SimStream, reader: Reader): void {
    const { name } = stream.definition;
    const readers = this.#readersByStream.get(name) ?? new Set();
    readers.add(reader);
    this.#readersByStream.set(name, readers);
    this.#feed(stream, reader);
  }

  removeReader(reader: Reader): void {
    for (const readers of this.#readersByStream.values()) readers.delete(reader);
  }

  /** Sends what has gathered while the stream had no leader. */
  feedReaders(stream: SimStream): void {
    for (const reader of this.#readersByStream.get(stream.definition.name) ?? []) this.#feed(stream, reader);
  }

  #apply(stream: SimStream, from: SimLink, { subject, data, contentType, expect }: Publish): StoreAnswer {
    const at = this.scheduler.now;
    const along = this.#powerGoes;
    // It reached the disk or not; nobody is answered.
    if (along !== undefined && this.chance.happens(0.5)) {
      this.#powerCut(stream, along);
      return { status: 'conflict' };
    }
    const stored = stream.store({ subject, data, contentType, storedAt: this.wallClock, at }, expect);
    if (stored.status !== 'stored') return { status: stored.status };
    this.onStored(stream, stored.message, from);
    if (along !== undefined) this.#powerCut(stream, along);
    else this.feedReaders(stream);
    return { status: 'stored', sequence: stored.message.sequence, duplicate: false };
  }

  #feed(stream: SimStream, reader: Reader): void {
    if (this.scheduler.now < stream.stalledUntil) return;
    const { now } = this.scheduler;
    const found: Kept[] = [];
    for (let next = stream.nextOf(reader.filter, reader.next, now); next !== undefined; ) {
      found.push(next);
      reader.next = next.sequence + 1;
      next = stream.nextOf(reader.filter, reader.next, now);
    }
    if (found.length === 0) return;
    const batch = found.map((kept, index) => toStored(kept, found.length - 1 - index));
    reader.link.deliver(() => reader.take(batch), `reads of ${stream.definition.name}`);
  }

  #route(from: SimLink, message: Publish, respond: ((data: Uint8Array) => void) | undefined): boolean {
    const found = this.#subscribed(message.subject);
    if (found.length === 0) return false;
    const { lose, repeat } = this.weather;
    const { subject, data, contentType } = message;
    for (const { link, take } of this.#oneOfEachQueue(found)) {
      if (this.chance.happens(lose)) continue;
      const times = this.chance.happens(repeat) ? 2 : 1;
      for (let time = 0; time < times; time += 1) {
        link.deliver(() => take({ subject, data, contentType, respond }), from.process.name);
      }
    }
    return true;
  }

  #subscribed(subject: string): readonly Subscription[] {
    let found = this.#matching.get(subject);
    if (found === undefined) {
      found = this.#subscriptions.filter((subscription) => matches(subscription.subject, subject));
      this.#matching.set(subject, found);
    }
    return found;
  }

  #oneOfEachQueue(found: readonly Subscription[]): readonly Subscription[] {
    if (found.every(({ queue }) => queue === undefined)) return found;
    const queues = new Map<string, Subscription[]>();
    for (const subscription of found) {
      const { queue } = subscription;
      if (queue === undefined) continue;
      queues.set(queue, [...(queues.get(queue) ?? []), subscription]);
    }
    const chosen = [...queues.values()].map((members) => this.chance.pick(members));
    return [...found.filter(({ queue }) => queue === undefined), ...chosen];
  }
}

function ignore(): void {}

export function toStored({ subject, sequence, data, storedAt, contentType }: Kept, pending: number): StoredMessage {
  return { subject, sequence, data, storedAt, ...(contentType === undefined ? {} : { contentType }), pending };
}
