/**
 * What the rest of Muster may ask of NATS. Everything outside this room speaks to this interface: no `JsMsg`,
 * nanoseconds or headers of the library get past it, and a simulation can put its own bus in its place.
 *
 * Promises: every call that can wait ends by its deadline; in-flight requests fail at once with `disconnected`
 * when the connection is lost (the library itself leaves them hanging and drops publishes made meanwhile).
 */

export interface BusMessage {
  readonly subject: string;
  /** A view on the connection's buffer: copy it before keeping it past the callback. */
  readonly data: Uint8Array;
  /** The `Content-Type` header, if any: the only header Muster reads. */
  readonly contentType?: string;
  /** Answers a request. False when the message is not one, or wants its answer elsewhere than in an inbox. */
  respond(data: Uint8Array): boolean;
}

export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Uint8Array;
  /** When JetStream stored it, milliseconds since the epoch. */
  readonly storedAt: number;
  readonly contentType?: string | undefined;
  /** How many more messages the reader had waiting on the server, at least. 0: the reader is at the end. */
  readonly pending: number;
}

/** The fence on a stored publish. At most one of the two. */
export interface Expectation {
  /** The stream's last sequence must be this. */
  readonly lastSequence?: number;
  /** The last sequence on the message's own subject must be this; 0: no message there yet. */
  readonly lastSubjectSequence?: number;
}

/** `conflict`: the expectation did not hold and nothing was stored. Unknown outcomes are thrown as failures. */
export type PublishOutcome =
  | { readonly status: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly status: 'conflict' };

export interface StreamDefinition {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxMessagesPerSubject: number;
  readonly discard: 'new' | 'old';
  readonly denyDelete: boolean;
  readonly denyPurge: boolean;
  readonly allowRollup: boolean;
  /** -1: no limit. */
  readonly maxBytes: number;
  /** 0: no limit. */
  readonly maxAgeMs: number;
  /** -1: no limit. */
  readonly maxMessageBytes: number;
  readonly replicas: number;
}

export interface StreamStatus {
  /** The stream's identity: when it was created, as the server writes it. A re-created stream has another. */
  readonly identity: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly messages: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

export type StoredQuery =
  | { readonly stream: string; readonly sequence: number }
  | { readonly stream: string; readonly lastOf: string }
  /** The first message at or after `from` whose subject matches `filter`. */
  | { readonly stream: string; readonly from: number; readonly filter: string };

export interface ReadOptions {
  readonly stream: string;
  readonly fromSequence: number;
  /** One subject, wildcards allowed. Default: every subject. */
  readonly filter?: string;
  readonly signal: AbortSignal;
}

export interface Bus {
  /** The principal this connection speaks as; also names its inbox prefix `_INBOX_<principal>`. */
  readonly principal: string;
  /** The server's version and the like, for checks at the start. */
  readonly server: { readonly version: string; readonly url: string };

  /** Core publish, at most once. Throws `disconnected` while the connection is down, never queues. */
  publish(message: { readonly subject: string; readonly data: Uint8Array; readonly reply?: string }): void;
  /** Core subscription. `onMessage` must not throw; what it starts it owns. */
  subscribe(options: {
    readonly subject: string;
    readonly queue?: string;
    readonly onMessage: (message: BusMessage) => void;
  }): { unsubscribe(): void };
  /** Core request: one answer. Fails with `no-responders`, `timeout`, `disconnected` or `aborted`. */
  request(options: {
    readonly subject: string;
    readonly data: Uint8Array;
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  }): Promise<{ readonly data: Uint8Array }>;
  /** Resolves when everything published before has reached the server. */
  flush(): Promise<void>;

  /** Publishes into a stream and waits for the ack. Thrown failures mean: outcome unknown, unless the code is `stream-mismatch` or `unavailable`. */
  store(options: {
    readonly subject: string;
    readonly data: Uint8Array;
    readonly contentType?: string;
    readonly expect?: Expectation;
    readonly timeoutMs: number;
  }): Promise<PublishOutcome>;
  /**
   * Publishes a run of messages into one stream, the first fenced to `lastSequence`, each next one to the one before
   * it. Only the last is acknowledged: that it is stored proves that every slot of the run is filled, though not by
   * whom. For streams where a slot can only ever hold one thing, whoever sends it. It goes by a connection of its own,
   * so it is not ordered behind other publishes, and does not hold them up. Thrown failures mean: unknown.
   */
  storeRun(options: {
    readonly messages: readonly { readonly subject: string; readonly data: Uint8Array }[];
    readonly lastSequence: number;
    readonly timeoutMs: number;
  }): Promise<PublishOutcome>;
  /**
   * One stored message. `from: 'leader'` asks the stream's leader (needed wherever a decision hangs on it),
   * `'any'` uses direct get, which needs no right beyond it and may be a little behind on a replica.
   */
  get(query: StoredQuery, from: 'leader' | 'any', timeoutMs: number): Promise<StoredMessage | undefined>;
  /**
   * Follows a stream in order, from `fromSequence` on, for ever, until the signal fires (then the iterator ends).
   * Heals itself after stalls and reconnects by starting again from the next sequence; never skips, never repeats.
   */
  read(options: ReadOptions): AsyncIterable<StoredMessage>;

  /** Creates the stream if it is missing; where one is there with other settings, fails with `stream-mismatch` naming each. */
  ensureStream(definition: StreamDefinition): Promise<StreamStatus>;
  streamStatus(name: string): Promise<StreamStatus>;
  /** Removes messages strictly below `sequence`, of the one `filter` subject where given. */
  purge(options: { readonly stream: string; readonly belowSequence: number; readonly filter?: string }): Promise<void>;
  /** Changes how much a stream may take, in bytes, and nothing else of it. */
  resizeStream(name: string, maxBytes: number): Promise<StreamStatus>;
  /** Removes a stream with all it holds: for what is derived and made anew. No error where there is none. */
  removeStream(name: string): Promise<void>;
  /** The object bucket, created (with direct get allowed) if missing. */
  ensureBucket(options: {
    readonly bucket: string;
    readonly replicas: number;
    readonly maxBytes: number;
  }): Promise<void>;
  objects(bucket: string): ObjectBucket;

  /** Told of every loss and return of the connection; unsubscribes with the returned function. */
  onConnection(listener: (status: 'connected' | 'disconnected') => void): () => void;
  /** Drains and closes. Safe to repeat. */
  close(): Promise<void>;
}

/** Immutable objects by name, in NATS's own object-store format, so that `nats object get` reads them too. */
export interface ObjectBucket {
  /** Stores the bytes under the name unless it is there already; says which. Never overwrites. */
  put(name: string, data: Uint8Array): Promise<'stored' | 'present'>;
  /**
   * Reads by direct get alone: no consumer, so an agent needs no right to make one. Checks the stored SHA-256.
   * Fails with `bundle-missing` when there is no such object or a chunk is missing, `overloaded` past `maxBytes`,
   * `aborted` once the signal has fired: then no further chunk is asked for.
   */
  get(
    name: string,
    options: { readonly maxBytes: number; readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;
  /** Newest first by name is not promised: names and sizes as they are stored. */
  list(): Promise<readonly { readonly name: string; readonly bytes: number }[]>;
  remove(name: string): Promise<void>;
}
