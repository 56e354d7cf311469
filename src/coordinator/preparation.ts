/** What must be true before a coordinator reads its log: streams as they should be, a server fit for them. */
import type { Bus } from '../nats/bus.ts';
import { streamDefinitions, streamNames } from '../nats/stream-definitions.ts';
import type { StreamNames } from '../nats/stream-definitions.ts';
import { Failure } from '../std/failure.ts';
import type { Watermark } from '../../schemas/record.ts';
import type { FleetId } from '../../schemas/ids.ts';
import type { CoordinatorView } from '../../schemas/views.ts';
import { commandHash } from './command-intake.ts';

export type Durability = CoordinatorView['durability'];

export interface PreparationOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly replicas: number;
  /** The server's monitoring address (`http://host:8222`), where `sync_always` can be read. */
  readonly monitorUrl?: string;
  /** Run where an acknowledged append may not survive a power cut, plainly labelled. */
  readonly allowNotDurable: boolean;
}

const bundleStoreBytesMax = 2 * 1024 * 1024 * 1024;
const snapshotStoreBytesMax = 1024 * 1024 * 1024;

/** Creates what is missing, checks what is there, and says how durable an ack is. */
export async function prepare(options: PreparationOptions): Promise<{ names: StreamNames; durability: Durability }> {
  const { bus, fleet, replicas } = options;
  const durability = await checkServer(options);
  const names = streamNames(fleet);
  for (const definition of Object.values(streamDefinitions(fleet, { replicas }))) await bus.ensureStream(definition);
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

const checkTimeoutMs = 10_000;

function wentBack(what: string): Failure {
  const next = 'restore the stream, or see "A log that went back" in ARCHITECTURE.md';
  return new Failure({ code: 'log-regressed', retryable: false, message: `${what}: ${next}` });
}

async function checkServer(options: PreparationOptions): Promise<Durability> {
  const { bus, replicas, monitorUrl, allowNotDurable } = options;
  const [major = 0, minor = 0, patch = 0] = bus.server.version.split('.').map((part) => Number.parseInt(part, 10));
  const before = (otherMinor: number, otherPatch: number) =>
    major < 2 || (major === 2 && (minor < otherMinor || (minor === otherMinor && patch < otherPatch)));
  if (before(9, 10)) throw unfit(`nats-server ${bus.server.version} is older than 2.9.10`);
  if (replicas > 1 && before(10, 27)) {
    throw unfit(
      `nats-server ${bus.server.version} is unfit for replicas: its replicas may differ for good; use 2.10.27 or later`,
    );
  }
  // 2.9 cannot sync every append at all.
  const durability = before(10, 0) ? 'fsync-interval' : await readSync(monitorUrl);
  if (durability !== 'fsync-always' && replicas > 1 && !allowNotDurable) {
    throw unfit('set "sync_interval: always" and give --nats-monitor, or start with --allow-not-durable');
  }
  return durability;
}

async function readSync(monitorUrl: string | undefined): Promise<Durability> {
  if (monitorUrl === undefined) return 'unknown';
  try {
    const response = await fetch(new URL('/jsz', monitorUrl), { signal: AbortSignal.timeout(checkTimeoutMs) });
    const body = (await response.json()) as { config?: { sync_always?: boolean } };
    return body.config?.sync_always === true ? 'fsync-always' : 'fsync-interval';
  } catch (error) {
    throw Failure.from(error, { code: 'unavailable', retryable: true, message: `cannot read ${monitorUrl}/jsz` });
  }
}

function unfit(why: string): Failure {
  return new Failure({
    code: 'unsupported',
    retryable: false,
    message: `this NATS server cannot carry the log: ${why}`,
  });
}
