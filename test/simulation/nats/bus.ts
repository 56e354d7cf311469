/** `Bus` over a simulated connection: the promises of `src/nats/bus.ts`, kept as its realisation keeps them. */
import type {
  Bus,
  BusMessage,
  ObjectBucket,
  PublishOutcome,
  StoredMessage,
  StoredQuery,
  StreamStatus,
} from '../../../src/nats/bus.ts';
import type { Timer } from '../../../src/std/clock.ts';
import { pause } from '../../../src/std/deadline.ts';
import { Failure, type FailureCode } from '../../../src/std/failure.ts';
import type { SimProcess } from '../world/process.ts';
import type { SimLink } from './link.ts';
import { Following } from './reading.ts';
import { type Incoming, type Publish, type SimNats, type StoreAnswer, type Subscription, toStored } from './server.ts';
import type { Kept } from './stream.ts';

/** Hears what a process says and comes to know, when it does: nothing here can be taken back. */
export interface Listener {
  readonly onSaid: (process: SimProcess, subject: string, data: Uint8Array) => void;
  /** It holds a message of a stream, or the ack of one. */
  readonly onLearned: (process: SimProcess, stream: string, sequence: number) => void;
}

interface Pending {
  readonly what: string;
  readonly timer: Timer;
  readonly reject: (failure: Failure) => void;
}

const apiTimeoutMs = 5_000;
const flushTimeoutMs = 10_000;
const objectTimeoutMs = 30_000;

export class SimBus implements Bus {
  readonly principal: string;
  readonly server = { version: '2.10.27', url: 'nats://simulated' };
  readonly link: SimLink;
  readonly #process: SimProcess;
  readonly #listener: Listener;
  readonly #pending = new Set<Pending>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #onConnection = new Set<(status: 'connected' | 'disconnected') => void>();
  readonly #following = new Set<Following>();

  constructor(link: SimLink, listener: Listener) {
    this.link = link;
    this.principal = link.principal;
    this.#process = link.process;
    this.#listener = listener;
  }

  /** Resolves with the first connection; rejects with `aborted`. */
  connect(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.link.close();
        reject(failure('aborted', false, 'connecting: stopped'));
      });
      this.link.open({
        onUp: () => {
          this.#up();
          resolve();
        },
        onDown: () => this.#down(),
      });
    });
  }

  publish({ subject, data }: Parameters<Bus['publish']>[0]): void {
    this.#assertUp(`publish to ${subject}`);
    this.#say(subject, data);
    this.link.send(() => void this.#nats.publish(this.link, { subject, data }));
  }

  subscribe({ subject, queue, onMessage }: Parameters<Bus['subscribe']>[0]): { unsubscribe(): void } {
    let isOpen = true;
    const take = (message: Incoming) => {
      if (isOpen) onMessage(this.#toMessage(message));
    };
    const subscription: Subscription = { link: this.link, subject, queue, take };
    this.#subscriptions.add(subscription);
    if (this.link.up) this.link.send(() => this.#nats.subscribe(subscription));
    return {
      unsubscribe: () => {
        isOpen = false;
        this.#subscriptions.delete(subscription);
        if (this.link.up) this.link.send(() => this.#nats.unsubscribe(subscription));
      },
    };
  }

  request({ subject, data, timeoutMs, signal }: Parameters<Bus['request']>[0]): Promise<{ readonly data: Uint8Array }> {
    this.#say(subject, data);
    return this.#ask(`request to ${subject}`, timeoutMs, signal, (resolve, reject) => {
      const respond = (answer: Uint8Array) => this.link.deliver(() => resolve({ data: answer }), 'answers');
      const heard = this.#nats.publish(this.link, { subject, data }, respond);
      if (!heard)
        this.link.deliver(() => reject(failure('no-responders', true, `nobody listens on ${subject}`)), 'answers');
    });
  }

  flush(): Promise<void> {
    if (!this.link.up) return Promise.reject(disconnected('flush'));
    return this.#ask('flush', flushTimeoutMs, undefined, (resolve) => this.#answer(() => resolve(undefined)));
  }

  store({ subject, data, contentType, expect, timeoutMs }: Parameters<Bus['store']>[0]): Promise<PublishOutcome> {
    return this.#store([{ subject, data, contentType, expect }], timeoutMs);
  }

  storeRun({ messages, lastSequence, timeoutMs }: Parameters<Bus['storeRun']>[0]): Promise<PublishOutcome> {
    const run = messages.map((message, index) => ({ ...message, expect: { lastSequence: lastSequence + index } }));
    return this.#store(run, timeoutMs);
  }

  get(query: StoredQuery, from: 'leader' | 'any', timeoutMs: number): Promise<StoredMessage | undefined> {
    return this.#api(`get of ${query.stream}`, query.stream, timeoutMs, (stream) => {
      const kept = find(stream, query, this.#nats.asOf(from));
      return () => {
        if (kept !== undefined) this.#learn(query.stream, kept.sequence);
        return kept === undefined ? undefined : toStored(kept, 0);
      };
    });
  }

  async *read({ stream, fromSequence, filter, signal }: Parameters<Bus['read']>[0]): AsyncGenerator<StoredMessage> {
    const following = new Following({
      link: this.link,
      stream,
      next: Math.max(1, fromSequence),
      filter,
      onTaken: (sequence) => this.#learn(stream, sequence),
    });
    this.#following.add(following);
    const onAbort = () => following.wake();
    signal.addEventListener('abort', onAbort);
    following.start();
    try {
      while (!signal.aborted) {
        const message = following.shift();
        if (message !== undefined) yield message;
        else await following.more();
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#following.delete(following);
      following.stop();
    }
  }

  ensureStream(definition: Parameters<Bus['ensureStream']>[0]): Promise<StreamStatus> {
    return this.#ask(`creating ${definition.name}`, apiTimeoutMs, undefined, (resolve) => {
      const status = this.#nats.ensureStream(definition).status(this.#nats.scheduler.now);
      this.#answer(() => resolve(status));
    });
  }

  streamStatus(name: string) {
    return this.#api(`status of ${name}`, name, apiTimeoutMs, (stream) => {
      const status = stream.status(this.#nats.asOf('leader'));
      return () => status;
    });
  }

  purge({ stream: name, belowSequence, filter }: Parameters<Bus['purge']>[0]): Promise<void> {
    return this.#api(`purge of ${name}`, name, apiTimeoutMs, (stream) => {
      stream.purge(belowSequence, filter, this.#nats.scheduler.now);
      return () => undefined;
    });
  }

  resizeStream(name: string, maxBytes: number): Promise<StreamStatus> {
    return this.#api(`resizing ${name}`, name, apiTimeoutMs, (stream) => {
      stream.maxBytes = maxBytes;
      const status = stream.status(this.#nats.scheduler.now);
      return () => status;
    });
  }

  removeStream(name: string): Promise<void> {
    return this.#ask(`removing ${name}`, apiTimeoutMs, undefined, (resolve) => {
      this.#nats.removeStream(name);
      this.#answer(() => resolve(undefined));
    });
  }

  ensureBucket({ bucket }: Parameters<Bus['ensureBucket']>[0]): Promise<void> {
    return this.#ask(`creating ${bucket}`, apiTimeoutMs, undefined, (resolve) => {
      this.#objectsOf(bucket);
      this.#answer(() => resolve(undefined));
    });
  }

  objects(bucket: string): ObjectBucket {
    const ask = <T>(what: string, work: (objects: Map<string, Uint8Array>) => T) =>
      this.#ask<T>(`${what} in ${bucket}`, objectTimeoutMs, undefined, (resolve) => {
        const answer = work(this.#objectsOf(bucket));
        this.#answer(() => resolve(answer));
      });
    return {
      put: (name, data) => {
        this.#say(`$O.${bucket}.${name}`, data);
        return ask('put', (objects) => {
          if (objects.has(name)) return 'present' as const;
          objects.set(name, data.slice());
          return 'stored' as const;
        });
      },
      get: async (name) => {
        const data = await ask('get', (objects) => objects.get(name));
        if (data === undefined) throw failure('bundle-missing', true, `${name} is not in ${bucket}`);
        return data;
      },
      list: () => ask('list', (objects) => [...objects].map(([name, { length: bytes }]) => ({ name, bytes }))),
      remove: (name) => ask('remove', (objects) => void objects.delete(name)),
    };
  }

  onConnection(listener: (status: 'connected' | 'disconnected') => void): () => void {
    const own = (status: 'connected' | 'disconnected') => listener(status);
    this.#onConnection.add(own);
    return () => this.#onConnection.delete(own);
  }

  close(): Promise<void> {
    this.link.close();
    this.#fail(failure('closed', false, 'the bus was closed'));
    return Promise.resolve();
  }

  get #nats(): SimNats {
    return this.link.server;
  }

  #store(run: readonly Publish[], timeoutMs: number): Promise<PublishOutcome> {
    const closing = run.at(-1) as Publish;
    for (const { subject, data } of run) this.#say(subject, data);
    const what = `storing on ${closing.subject}`;
    return this.#ask(what, timeoutMs, undefined, (resolve, reject) => {
      for (const message of run.slice(0, -1)) this.#nats.store(this.link, message, () => undefined);
      this.#nats.store(this.link, closing, (answer) => {
        this.link.deliver(() => this.#settle(answer, { subject: closing.subject, resolve, reject }), 'answers');
      });
    });
  }

  #settle(
    answer: StoreAnswer,
    asked: { subject: string; resolve: (outcome: PublishOutcome) => void; reject: (failure: Failure) => void },
  ): void {
    const { subject, resolve, reject } = asked;
    if (answer.status === 'no-stream') return reject(failure('unavailable', true, `no stream takes ${subject}`));
    if (answer.status === 'full') return reject(failure('unavailable', false, `the stream of ${subject} is full`));
    if (answer.status === 'conflict') return resolve({ status: 'conflict' });
    const stream = this.#nats.streamOf(subject);
    if (!answer.duplicate && stream !== undefined) this.#learn(stream.definition.name, answer.sequence);
    resolve({ status: 'stored', sequence: answer.sequence, duplicate: answer.duplicate });
  }

  #api<T>(
    what: string,
    name: string,
    timeoutMs: number,
    work: (stream: NonNullable<ReturnType<SimNats['streams']['get']>>) => () => T,
  ): Promise<T> {
    return this.#ask<T>(what, timeoutMs, undefined, (resolve, reject) => {
      const stream = this.#nats.streams.get(name);
      if (stream === undefined) {
        this.link.deliver(() => reject(failure('stream-mismatch', false, `there is no stream ${name}`)), 'answers');
      } else if (this.#nats.scheduler.now >= stream.stalledUntil) {
        const answer = work(stream);
        this.#answer(() => resolve(answer()));
      }
    });
  }

  #answer(run: () => void): void {
    this.link.deliver(run, 'answers');
  }

  /** Carries `work` to the server; the promise settles once, by its deadline. */
  #ask<T>(
    what: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    work: (resolve: (value: T) => void, reject: (failure: Failure) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#assertUp(what);
      if (signal?.aborted) return reject(failure('aborted', false, `${what}: stopped`));
      const settle = () => {
        pending.timer.cancel();
        this.#pending.delete(pending);
        signal?.removeEventListener('abort', onAbort);
      };
      const rejectWith = (reason: Failure) => {
        settle();
        reject(reason);
      };
      const onAbort = () => rejectWith(failure('aborted', false, `${what}: stopped`));
      const late = () => rejectWith(failure('timeout', true, `${what}: no answer in ${timeoutMs} ms`));
      const pending: Pending = { what, timer: this.#process.clock.after(timeoutMs, late), reject: rejectWith };
      this.#pending.add(pending);
      signal?.addEventListener('abort', onAbort, { once: true });
      const answered = (value: T) => {
        settle();
        resolve(value);
      };
      this.link.send(() => work(answered, rejectWith));
    });
  }

  #toMessage({ subject, data, contentType, respond }: Incoming): BusMessage {
    return {
      subject,
      data,
      ...(contentType === undefined ? {} : { contentType }),
      respond: (answer) => {
        if (respond === undefined || !this.link.up) return false;
        this.#say(`answer to ${subject}`, answer);
        this.link.send(() => respond(answer));
        return true;
      },
    };
  }

  #say(subject: string, data: Uint8Array): void {
    if (!this.#process.isDead) this.#listener.onSaid(this.#process, subject, data);
  }

  #learn(stream: string, sequence: number): void {
    this.#listener.onLearned(this.#process, stream, sequence);
  }

  #objectsOf(bucket: string): Map<string, Uint8Array> {
    const { objectsByBucket } = this.#nats;
    const found = objectsByBucket.get(bucket) ?? new Map<string, Uint8Array>();
    objectsByBucket.set(bucket, found);
    return found;
  }

  #up(): void {
    for (const subscription of this.#subscriptions) this.link.send(() => this.#nats.subscribe(subscription));
    for (const following of this.#following) this.#startSoon(following);
    for (const listener of [...this.#onConnection]) listener('connected');
  }

  /** As the library's reader does: after a pause. */
  #startSoon(following: Following): void {
    const { chance, clock } = this.#process;
    void pause({ clock, delayMs: chance.between(50, 100) }).then(() => following.start());
  }

  #down(): void {
    this.#fail(disconnected('waiting for an answer'));
    for (const listener of [...this.#onConnection]) listener('disconnected');
  }

  #fail(reason: Failure): void {
    for (const { reject } of [...this.#pending]) reject(reason);
  }

  #assertUp(what: string): void {
    if (this.#process.isDead) return;
    if (this.link.closed) throw failure('closed', false, `${what}: the bus is closed`);
    if (!this.link.up) throw disconnected(what);
  }
}

function find(
  stream: NonNullable<ReturnType<SimNats['streams']['get']>>,
  query: StoredQuery,
  asOf: number,
): Kept | undefined {
  if ('lastOf' in query) return stream.lastOf(query.lastOf, asOf);
  if ('filter' in query) return stream.nextOf(query.filter, query.from, asOf);
  return stream.at(query.sequence, asOf);
}

function failure(code: FailureCode, retryable: boolean, message: string): Failure {
  return new Failure({ code, retryable, message });
}

function disconnected(what: string): Failure {
  return failure('disconnected', true, `${what}: the connection to NATS is down`);
}
