/**
 * Whether the NATS servers can carry a log, and how durable what they acknowledge is: by version and by `sync_always`,
 * which their monitoring addresses tell. A server that is down is no reason not to start, as long as most answer.
 */
import type { Bus } from '../nats/bus.ts';
import { Failure, textOf } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CoordinatorView } from '../../schemas/coordinators.ts';

export type Durability = CoordinatorView['durability'];

export interface FitnessOptions {
  readonly bus: Bus;
  readonly replicas: number;
  /** The servers' monitoring addresses (`http://host:8222`), of every server of a cluster. */
  readonly monitorUrls: readonly string[];
  /** Run where an acknowledged append may not survive a power cut, plainly labelled. */
  readonly allowNotDurable: boolean;
  readonly logger: Logger;
}

interface Reading {
  readonly url: string;
  readonly version: string;
  readonly syncsAlways: boolean;
}

/** A server that listens answers in milliseconds; one behind a dead address never does. */
const monitorTimeoutMs = 5_000;

/** Throws `unsupported` for servers that cannot, `unavailable` where too few can be asked. */
export async function checkServers(options: FitnessOptions): Promise<Durability> {
  const { bus, replicas, allowNotDurable, monitorUrls, logger } = options;
  const readings = await readAll(monitorUrls, logger);
  const versions = [bus.server.version, ...readings.map(({ version }) => version)];
  for (const version of versions) {
    if (isBefore(version, [2, 9, 10])) throw unfit(`nats-server ${version} is older than 2.9.10`);
  }
  const risks = risksOf({ versions, readings, replicas, named: monitorUrls.length });
  const durability = durabilityOf({ versions, readings, replicas });
  if (risks.length === 0) return durability;
  if (!allowNotDurable) throw unfit(`${risks.join('; ')}; or start with --allow-not-durable`);
  logger.warn({ durability, risks }, 'NOT DURABLE: a power cut or a lost server may take back what was acknowledged');
  return durability;
}

/** What speaks against carrying a log on several servers; nothing does on one, whose operator knows what one server is. */
function risksOf({ versions, readings, replicas, named }: Readings & { named: number }): string[] {
  if (replicas === 1) return [];
  const old = versions.find((version) => isBefore(version, [2, 10, 27]));
  if (old !== undefined) {
    return [`nats-server ${old} is unfit for replicas, which may differ for good: use 2.10.27 or later`];
  }
  if (named < replicas) {
    return [
      `${replicas} servers carry the log, and the monitoring addresses of ${named} are known: name each by --nats-monitor`,
    ];
  }
  const lax = readings.filter(({ syncsAlways }) => !syncsAlways).map(({ url }) => url);
  return lax.length === 0 ? [] : [`set "sync_interval: always" in the jetstream block of ${lax.join(' and ')}`];
}

interface Readings {
  readonly versions: readonly string[];
  readonly readings: readonly Reading[];
  readonly replicas: number;
}

function durabilityOf({ versions, readings, replicas }: Readings): Durability {
  // Before 2.10 a server cannot sync every append at all.
  if (versions.some((version) => isBefore(version, [2, 10, 0]))) return 'fsync-interval';
  if (readings.some(({ syncsAlways }) => !syncsAlways)) return 'fsync-interval';
  return readings.length > replicas / 2 ? 'fsync-always' : 'unknown';
}

/** Readings of those that answer, which must be most of those that were named. */
async function readAll(urls: readonly string[], logger: Logger): Promise<Reading[]> {
  const results = await Promise.allSettled(urls.map(readOne));
  const readings: Reading[] = [];
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') readings.push(result.value);
    else logger.warn({ url: urls[index], reason: textOf(result.reason) }, 'a NATS server does not say how it syncs');
  }
  if (readings.length >= Math.floor(urls.length / 2) + Math.min(1, urls.length)) return readings;
  const message = `of the NATS monitoring addresses ${urls.join(', ')} only ${readings.length} answer`;
  throw new Failure({ code: 'unavailable', retryable: true, message });
}

async function readOne(url: string): Promise<Reading> {
  const [about, jetstream] = await Promise.all([
    readJson<{ version?: string }>(url, '/varz'),
    readJson<{ config?: { sync_always?: boolean } }>(url, '/jsz'),
  ]);
  return { url, version: about.version ?? 'unknown', syncsAlways: jetstream.config?.sync_always === true };
}

async function readJson<T>(url: string, path: string): Promise<T> {
  const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(monitorTimeoutMs) });
  return (await response.json()) as T;
}

/**
 * Whether the server makes room in a full stream by dropping its first message though it should refuse the new one:
 * before 2.10.5 it counts a message smaller than it is (nats-server issue 4775; seen on 2.9.10).
 */
export function forgetsAtLimit(version: string): boolean {
  return isBefore(version, [2, 10, 5]);
}

/** Numbers of a version in order; what is not a number counts as 0. */
function isBefore(version: string, floor: readonly [number, number, number]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (const [index, least] of floor.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

function unfit(why: string): Failure {
  return new Failure({
    code: 'unsupported',
    retryable: false,
    message: `these NATS servers cannot carry the log: ${why}`,
  });
}
