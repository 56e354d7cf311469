/**
 * Opens a `Bus`. The only room that imports the `nats` package (2.29.3, the last of its line), so that one room swaps it.
 *
 * Promises what `bus.ts` says. Must not know: events, commands, groups; only streams, subjects and bytes.
 * Duties of the caller: bytes handed over stay unchanged until the next turn of the event loop; the bus is closed.
 */
import { type ConnectionOptions, type NatsConnection, connect } from 'nats';
import type { Clock } from '../std/clock.ts';
import { within } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Bus } from './bus.ts';
import { request, subscribe } from './core.ts';
import type { NatsAccess } from '../../schemas/nats-access.ts';
import { accessOptions, refuseSecretsIn } from './access.ts';
import { aborted, disconnected, libraryFailure } from './failures.ts';
import { get } from './get.ts';
import { Link, inboxPrefix } from './link.ts';
import { ensureBucket, objectBucket } from './objects.ts';
import { read } from './read.ts';
import { RunLink } from './run-link.ts';
import { store } from './store.ts';
import { ensureStream, purge, removeStream, resizeStream, streamStatus } from './streams.ts';

export interface ConnectBusOptions extends NatsAccess {
  /** Servers of one cluster: a list, or its members joined by commas. Any of them will do. */
  readonly url: string | readonly string[];
  readonly principal: string;
  readonly clock: Clock;
  /** Shown by the server's monitoring. Default: the principal. */
  readonly name?: string;
  /** How long to wait for a first connection, milliseconds. A server that is still starting is waited for. */
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** For the jitter between attempts, in [0, 1). */
  readonly random?: () => number;
}

const connectTimeoutDefaultMs = 10_000;
/** One attempt at one server: a host that swallows packets must not use up the whole time. */
const dialTimeoutMs = 5_000;
/** A frozen server is noticed after three of these; the library's default would take minutes. */
const pingIntervalMs = 2_000;
const pingsUnansweredMax = 2;
/** Between attempts at one server: quick enough for a restart, spread so that a fleet does not return at once. */
const reconnectDelay = { leastMs: 100, mostMs: 1_000 } as const;
/** How long a flush or a drain may take: a server that answers pings answers sooner. */
const flushTimeoutMs = 10_000;

/** Fails with `config-invalid` where NATS refuses who we are; else with `disconnected` or `timeout`. */
export async function connectBus(options: ConnectBusOptions): Promise<Bus> {
  const { principal } = options;
  refuseSecretsIn(addressesOf(options));
  const link = await openLink(options);
  const { connection } = link;
  const runs = new RunLink({
    open: () => openLink({ ...options, name: `${options.name ?? principal}, runs`, connectTimeoutMs: dialTimeoutMs }),
    close,
  });
  return {
    principal,
    server: { version: connection.info?.version ?? 'unknown', url: connection.getServer() },
    publish: (message) => link.publish(message),
    subscribe: (subscription) => subscribe(link, subscription),
    request: (question) => request(link, question),
    flush: () => flush(link),
    store: (message) => store(link, message),
    storeRun: (run) => runs.store(run),
    get: (query, from, timeoutMs) => get(link, { query, from, timeoutMs }),
    read: (wanted) => read(link, wanted),
    ensureStream: (definition) => ensureStream(link, definition),
    streamStatus: (name) => streamStatus(link, name),
    purge: (bounds) => purge(link, bounds),
    resizeStream: (name, maxBytes) => resizeStream(link, name, maxBytes),
    removeStream: (name) => removeStream(link, name),
    ensureBucket: (bucket) => ensureBucket(link, bucket),
    objects: (bucket) => objectBucket(link, bucket),
    onConnection: (listener) => link.onConnection(listener),
    async close() {
      await Promise.all([close(link), runs.close()]);
    },
  };
}

async function openLink(options: ConnectBusOptions): Promise<Link> {
  const { principal, clock } = options;
  return new Link({ connection: await connectWithin(options), principal, clock });
}

async function flush(link: Link): Promise<void> {
  // The library would keep a flush waiting through a reconnect that drops what was to be flushed.
  if (!link.connected) throw disconnected('flush');
  const work = link.connection.flush().catch((error: unknown) => {
    throw libraryFailure(error, 'flush');
  });
  await within({ clock: link.clock, timeoutMs: flushTimeoutMs, what: 'a flush', work });
}

/** Drains only while connected: without a server a drain waits for the next one. */
async function close(link: Link): Promise<void> {
  const { connection, clock } = link;
  if (link.connected && !connection.isDraining()) {
    const work = connection.drain();
    // A connection lost or closed meanwhile has nothing left to drain.
    await within({ clock, timeoutMs: flushTimeoutMs, what: 'the bus to drain', work }).catch(() => undefined);
  }
  await connection.close();
}

/**
 * The library waits for a first connection for ever and forgets servers that were down at first. So: let it wait,
 * end it through the one thing it asks before each attempt, and learn by an attempt of our own why it fails.
 */
async function connectWithin(options: ConnectBusOptions): Promise<NatsConnection> {
  const { clock, signal, connectTimeoutMs: timeoutMs = connectTimeoutDefaultMs, random = Math.random } = options;
  const { leastMs, mostMs } = reconnectDelay;
  const what = `a connection to NATS at ${String(options.url)}`;
  let given: Failure | undefined;
  let why: Failure | undefined;
  let probing = false;
  let attempts = 0;
  let giveUp: (failure: Failure) => void = () => undefined;
  const refused = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const probe = async () => {
    probing = true;
    try {
      await (await connect({ ...natsOptions(options), reconnect: false })).close();
    } catch (error) {
      why = libraryFailure(error, what);
      if (why.code === 'config-invalid') giveUp(why);
    }
    probing = false;
  };
  const reconnectDelayHandler = () => {
    if (given !== undefined) throw given;
    attempts += 1;
    if (attempts > 1 && !connected && !probing) void probe();
    return leastMs + (mostMs - leastMs) * random();
  };
  let connected = false;
  if (signal?.aborted) throw aborted(what);
  const opening = connect({ ...natsOptions(options), waitOnFirstConnect: true, reconnectDelayHandler });
  try {
    const work = Promise.race([opening, refused]);
    const connection = await within({ clock, timeoutMs, what, work, ...(signal === undefined ? {} : { signal }) });
    connected = true;
    return connection;
  } catch (error) {
    const failure = libraryFailure(error, what);
    given = failure;
    void opening.then((late) => late.close()).catch(() => undefined);
    if (failure.code !== 'timeout' || why === undefined) throw failure;
    throw new Failure({ code: why.code, retryable: why.retryable, message: why.message, cause: failure });
  }
}

function natsOptions(options: ConnectBusOptions): ConnectionOptions {
  const { principal, name } = options;
  return {
    servers: addressesOf(options),
    name: name ?? principal,
    inboxPrefix: inboxPrefix(principal),
    timeout: dialTimeoutMs,
    maxReconnectAttempts: -1,
    // A server may refuse everyone while its accounts are being reloaded: that must not end a connection for good.
    ignoreAuthErrorAbort: true,
    pingInterval: pingIntervalMs,
    maxPingOut: pingsUnansweredMax,
    noAsyncTraces: true,
    ...accessOptions(options),
  };
}

function addressesOf({ url }: Pick<ConnectBusOptions, 'url'>): string[] {
  return typeof url === 'string' ? url.split(',').map((each) => each.trim()) : [...url];
}
