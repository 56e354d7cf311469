/** Streams as data: made if missing, compared setting by setting if there. */
import { backoffMs } from '../std/backoff.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import { apiTimeoutMs, ask, demand } from './api.ts';
import type { Bus, StreamDefinition, StreamStatus } from './bus.ts';
import { type ApiError, apiFailure, isPassing, streamDiffers, streamNotFound } from './failures.ts';
import type { Link } from './link.ts';

/** A cluster that has just started answers "no suitable peers" or nothing for some seconds: that long it may take. */
const ensureTimeoutMs = 30_000;
const ensureBackoff = { firstMs: 100, longestMs: 2_000 } as const;
/** The server's own default, shortened by it where the age of messages is less. */
const duplicateWindowMs = 120_000;
const nanosPerMs = 1_000_000;

type Settings = Readonly<Record<string, unknown>>;

interface StreamInfo {
  readonly config: Settings;
  readonly created: string;
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
  };
}

/** Every setting we mean, in the server's names: what `nats stream info --json` shows. */
export function settingsOf(definition: StreamDefinition): Settings {
  const { maxAgeMs } = definition;
  const windowMs = maxAgeMs > 0 ? Math.min(maxAgeMs, duplicateWindowMs) : duplicateWindowMs;
  return {
    name: definition.name,
    subjects: [...definition.subjects],
    retention: 'limits',
    storage: 'file',
    discard: definition.discard,
    max_msgs: -1,
    max_msgs_per_subject: definition.maxMessagesPerSubject,
    max_bytes: definition.maxBytes,
    max_age: maxAgeMs * nanosPerMs,
    max_msg_size: definition.maxMessageBytes,
    max_consumers: -1,
    num_replicas: definition.replicas,
    duplicate_window: windowMs * nanosPerMs,
    allow_direct: true,
    allow_rollup_hdrs: definition.allowRollup,
    deny_delete: definition.denyDelete,
    deny_purge: definition.denyPurge,
  };
}

export async function ensureStream(link: Link, definition: StreamDefinition): Promise<StreamStatus> {
  const deadlineAt = link.clock.monotonic() + ensureTimeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ensureOnce(link, definition);
    } catch (error) {
      const failure = Failure.from(error, { code: 'unavailable', retryable: false, message: 'ensuring a stream' });
      const delayMs = backoffMs(ensureBackoff, attempt, Math.random());
      if (!failure.retryable || link.clock.monotonic() + delayMs > deadlineAt) throw failure;
      await pause({ clock: link.clock, delayMs });
    }
  }
}

async function ensureOnce(link: Link, definition: StreamDefinition): Promise<StreamStatus> {
  const { name } = definition;
  const doing = `creating stream ${name}`;
  const wanted = settingsOf(definition);
  const there = await ask<StreamInfo>(link, { verb: `STREAM.INFO.${name}`, timeoutMs: apiTimeoutMs });
  if (there.status === 'answered') return compared(wanted, there.value);
  if (there.error.err_code !== streamNotFound) throw apiFailure(there.error, `asking for stream ${name}`);
  const made = await ask<StreamInfo>(link, { verb: `STREAM.CREATE.${name}`, body: wanted, timeoutMs: apiTimeoutMs });
  if (made.status === 'answered') return compared(wanted, made.value);
  // Somebody else was faster, with the same settings or with others: the comparison tells.
  if (!isTaken(made.error)) throw apiFailure(made.error, doing);
  const again = await ask<StreamInfo>(link, { verb: `STREAM.INFO.${name}`, timeoutMs: apiTimeoutMs });
  if (again.status === 'answered') return compared(wanted, again.value);
  throw apiFailure(isPassing(again.error) ? again.error : made.error, doing);
}

function isTaken(error: ApiError): boolean {
  return streamDiffers.includes(error.err_code ?? 0);
}

function compared(wanted: Settings, { config, created, state }: StreamInfo): StreamStatus {
  const differences: string[] = [];
  for (const [setting, should] of Object.entries(wanted)) {
    // How much a stream may take is its operator's to change.
    if (setting === 'max_bytes') continue;
    // The server leaves out what is false or zero.
    const is = config[setting] ?? (typeof should === 'boolean' ? false : 0);
    if (!isSame(is, should))
      differences.push(`${setting}: is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`);
  }
  for (const foreign of ['mirror', 'sources', 'sealed', 'no_ack', 'republish', 'subject_transform'] as const) {
    const is = config[foreign];
    if (is !== undefined && is !== false && is !== null) {
      differences.push(`${foreign}: is ${JSON.stringify(is)}, should be unset`);
    }
  }
  if (differences.length === 0) return statusOf({ config, created, state });
  const message = `stream ${String(wanted['name'])} is there with other settings; ${differences.join('; ')}`;
  throw new Failure({ code: 'stream-mismatch', retryable: false, message });
}

/** Subjects in any order are the same subjects. */
function isSame(is: unknown, should: unknown): boolean {
  if (!Array.isArray(is) || !Array.isArray(should)) return is === should;
  return JSON.stringify([...is].sort()) === JSON.stringify([...should].sort());
}

export async function streamStatus(link: Link, name: string): Promise<StreamStatus> {
  return statusOf(await demand<StreamInfo>(link, { verb: `STREAM.INFO.${name}`, timeoutMs: apiTimeoutMs }));
}

function statusOf({ config, created, state }: StreamInfo): StreamStatus {
  return {
    identity: created,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    messages: state.messages,
    bytes: state.bytes,
    maxBytes: Number(config['max_bytes'] ?? -1),
  };
}

export async function purge(link: Link, options: Parameters<Bus['purge']>[0]): Promise<void> {
  const { stream, belowSequence, filter } = options;
  // To the server, sequence 0 and 1 mean "no bound", which would remove everything.
  if (belowSequence <= 1) return;
  const body = { seq: belowSequence, ...(filter === undefined ? {} : { filter }) };
  await demand(link, { verb: `STREAM.PURGE.${stream}`, body, timeoutMs: apiTimeoutMs });
}

export async function removeStream(link: Link, name: string): Promise<void> {
  const removed = await ask(link, { verb: `STREAM.DELETE.${name}`, timeoutMs: apiTimeoutMs });
  if (removed.status === 'refused' && removed.error.err_code !== streamNotFound) {
    throw apiFailure(removed.error, `removing stream ${name}`);
  }
}

/** Changes how much a stream may take, and nothing else of it. */
export async function resizeStream(link: Link, name: string, maxBytes: number): Promise<StreamStatus> {
  const { config } = await demand<StreamInfo>(link, { verb: `STREAM.INFO.${name}`, timeoutMs: apiTimeoutMs });
  const body = { ...config, max_bytes: maxBytes };
  return statusOf(await demand<StreamInfo>(link, { verb: `STREAM.UPDATE.${name}`, body, timeoutMs: apiTimeoutMs }));
}
