/** What must be true before a coordinator reads its log: streams as they should be, a server fit for them. */
import type { Bus } from '../nats/bus.ts';
import { streamDefinitions, streamNames } from '../nats/stream-definitions.ts';
import type { StreamNames, StreamSizes } from '../nats/stream-definitions.ts';
import type { Clock } from '../std/clock.ts';
import { within } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Watermark } from '../../schemas/record.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { commandHash } from './command-address.ts';
import { checkServers, type Durability, type FitnessOptions, forgetsAtLimit } from './server-fitness.ts';

export interface PreparationOptions extends FitnessOptions {
  readonly fleet: FleetId;
  /**
   * How much each stream may take where it is made now. Default: what fits a laptop. A server that would drop the first
   * record for the one too many gets no limit for what may lose nothing.
   */
  readonly sizes?: Partial<StreamSizes>;
}

const bundleStoreBytesMax = 2 * 1024 * 1024 * 1024;
const snapshotStoreBytesMax = 1024 * 1024 * 1024;

/** Creates what is missing, checks what is there, and says how durable an ack is. */
export async function prepare(options: PreparationOptions): Promise<{ names: StreamNames; durability: Durability }> {
  const { bus, fleet, replicas } = options;
  const durability = await checkServers(options);
  const names = streamNames(fleet);
  // The disk is the limit then, which such a server keeps.
  const unlimited = forgetsAtLimit(bus.server.version) ? { log: -1, commands: -1 } : {};
  const sizes = { ...options.sizes, ...unlimited };
  for (const definition of Object.values(streamDefinitions(fleet, { replicas, sizes })))
    await bus.ensureStream(definition);
  await bus.ensureBucket({ bucket: names.bundles, replicas, maxBytes: bundleStoreBytesMax });
  await bus.ensureBucket({ bucket: names.snapshots, replicas, maxBytes: snapshotStoreBytesMax });
  return { names, durability };
}

/**
 * COMMANDS must be the stream the log last consumed, and not behind it: else commands would take consumed numbers and
 * be skipped in silence. A stop with a name, for a person.
 */
export async function checkWatermark(bus: Bus, stream: string, watermark: Watermark): Promise<Watermark> {
  const compared = await compare(bus, stream, watermark);
  if ('lost' in compared) throw wentBack(compared.lost);
  return compared;
}

interface Standby {
  readonly bus: Bus;
  readonly stream: string;
  readonly watermark: Watermark;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The log has gone on past what the watermark was folded from. */
  readonly isBehind: () => Promise<boolean>;
}

/**
 * The same for one whose log goes on. Undefined: it is behind, and whoever leads purges what it has consumed: no loss. No
 * purge has a stream end earlier: that is thrown, and may be the word of a server that leads the stream no more. What
 * stands in the place of a consumed message is neither's doing: the failure is returned, since no later look undoes it,
 * and after the next purge none would find it.
 */
export async function checkOwnWatermark({
  bus,
  stream,
  watermark,
  clock,
  timeoutMs,
  isBehind,
}: Standby): Promise<Watermark | undefined | Failure> {
  const work = compare(bus, stream, watermark);
  const compared = await within({ clock, timeoutMs, what: `what ${stream} holds`, work });
  if (!('lost' in compared)) return compared;
  if (compared.excuse === 'purged' && (await isBehind())) return undefined;
  if (compared.excuse === undefined) return wentBack(compared.lost);
  throw wentBack(compared.lost);
}

interface Loss {
  /** What is missing, for people. */
  readonly lost: string;
  /** What else it may be: left so by somebody who has consumed more, or told by a server that is behind. */
  readonly excuse?: 'purged' | 'stale';
}

async function compare(bus: Bus, stream: string, watermark: Watermark): Promise<Watermark | Loss> {
  const { identity, lastSequence } = await bus.streamStatus(stream);
  if (watermark.stream === '') return { stream: identity, sequence: 0, hash: '' };
  if (watermark.stream !== identity) {
    const lost = `${stream} was created at ${identity}, the log consumed one created at ${watermark.stream}`;
    return { lost, excuse: 'purged' };
  }
  const { sequence } = watermark;
  if (lastSequence < sequence) {
    return { lost: `${stream} ends at ${lastSequence}, the log consumed it up to ${sequence}`, excuse: 'stale' };
  }
  if (sequence === 0) return watermark;
  const message = await bus.get({ stream, sequence }, 'leader', checkTimeoutMs);
  if (message === undefined) {
    return { lost: `${stream} lacks message ${sequence}, the last one consumed`, excuse: 'purged' };
  }
  if (commandHash(message.subject, message.data) === watermark.hash) return watermark;
  return { lost: `message ${sequence} of ${stream} is not the one the log consumed` };
}

const checkTimeoutMs = 10_000;

function wentBack(what: string): Failure {
  const next = 'restore the stream, or see what going on without it would lose: muster coordinator recover';
  return new Failure({ code: 'log-regressed', retryable: false, message: `${what}: ${next}` });
}
