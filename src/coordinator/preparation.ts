/** What must be true before a coordinator reads its log: streams as they should be, a server fit for them. */
import type { Bus } from '../nats/bus.ts';
import { streamDefinitions, streamNames } from '../nats/stream-definitions.ts';
import type { StreamNames, StreamSizes } from '../nats/stream-definitions.ts';
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
  const status = await bus.streamStatus(stream);
  if (watermark.stream === '') return { stream: status.identity, sequence: 0, hash: '' };
  if (watermark.stream !== status.identity) {
    throw wentBack(`${stream} was created at ${status.identity}, the log consumed one created at ${watermark.stream}`);
  }
  if (status.lastSequence < watermark.sequence) {
    throw wentBack(`${stream} ends at ${status.lastSequence}, the log consumed it up to ${watermark.sequence}`);
  }
  if (watermark.sequence === 0) return watermark;
  const message = await bus.get({ stream, sequence: watermark.sequence }, 'leader', checkTimeoutMs);
  if (message === undefined) throw wentBack(`${stream} lacks message ${watermark.sequence}, the last one consumed`);
  if (commandHash(message.subject, message.data) !== watermark.hash) {
    throw wentBack(`message ${watermark.sequence} of ${stream} is not the one the log consumed`);
  }
  return watermark;
}

interface Standby {
  readonly bus: Bus;
  readonly stream: string;
  readonly watermark: Watermark;
  /** The log has gone on past what the watermark was folded from. */
  readonly isBehind: () => Promise<boolean>;
}

/** The same for one that stands by. Undefined: it is behind, and whoever leads by now purges what it has consumed: no loss. */
export async function checkOwnWatermark({ bus, stream, watermark, isBehind }: Standby): Promise<Watermark | undefined> {
  try {
    return await checkWatermark(bus, stream, watermark);
  } catch (caught) {
    if (caught instanceof Failure && caught.code === 'log-regressed' && (await isBehind())) return undefined;
    throw caught;
  }
}

const checkTimeoutMs = 10_000;

function wentBack(what: string): Failure {
  const next = 'restore the stream, or see what going on without it would lose: muster coordinator recover';
  return new Failure({ code: 'log-regressed', retryable: false, message: `${what}: ${next}` });
}
