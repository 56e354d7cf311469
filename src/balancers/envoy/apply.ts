/** From what Envoy holds and what it shall hold to what is moved in, and the proof that it was taken. */
import type { Clock } from '../../std/clock.ts';
import { pause } from '../../std/deadline.ts';
import { Failure } from '../../std/failure.ts';
import type { DesiredPool, ObservedPoolServer, PoolServer } from '../balancer.ts';
import { hostPort } from '../../std/host-port.ts';
import type { Document, Endpoint } from './config-file.ts';
import type { Documents } from './documents.ts';
import type { EnvoyProcess } from './process.ts';

/** Envoy takes a file within milliseconds; a new cluster waits for its first health checks, of 2 s each. */
const takeTimeoutMs = 15_000;
const pollMs = 20;
/** How long a newcomer may take to pass its first check before others go all the same: its interval is 1 s. */
const firstCheckMsMax = 3_000;
/** A removed server with requests for so long is taken out all the same; Envoy lets them end on their own. */
const lingeringMsMax = 300_000;

/** `held`: Envoy says that it has it. `later`: endpoints of a cluster that is not there yet. */
export type Moved = 'held' | 'moved' | 'later';

export interface MoveOptions {
  readonly document: Document;
  readonly documents: Documents;
  readonly process: EnvoyProcess;
  readonly clock: Clock;
}

/** Has Envoy take the document, unless it says that it has. Throws `config-invalid` when Envoy refuses it. */
export async function moveDocument({ document, documents, process, clock }: MoveOptions): Promise<Moved> {
  const { name, statistic, version } = document;
  const before = await process.statistics();
  const taken = `${statistic}.version_text`;
  const refused = `${statistic}.update_rejected`;
  if (before.get(taken) === version) {
    documents.keep(document);
    return 'held';
  }
  await documents.give(document);
  if (before.get(taken) === undefined && statistic.startsWith('cluster.')) return 'later';
  const deadlineAt = clock.monotonic() + takeTimeoutMs;
  for (;;) {
    const now = await process.statistics();
    if (now.get(taken) === version) return 'moved';
    const told = documents.refusalOf(document);
    const isRefused = told !== undefined || (now.get(refused) ?? '0') !== (before.get(refused) ?? '0');
    if (!isRefused && clock.monotonic() < deadlineAt) {
      await pause({ clock, delayMs: pollMs });
      continue;
    }
    await documents.takeBack(document);
    const why = told ?? (await process.lastWords());
    const message = `Envoy ${isRefused ? 'refuses' : 'did not take'} ${name} ${version}: ${why}`;
    throw new Failure({ code: isRefused ? 'config-invalid' : 'unavailable', retryable: !isRefused, message });
  }
}

/** Who left the pool and is still held. */
export class Lingering {
  readonly #clock: Clock;
  /** When each was first seen, by group, server and address. */
  readonly #sinceByKey = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Endpoints Envoy holds that the pool does not: first asked for nothing, then, without requests, gone. */
  leaving(pool: DesiredPool, observed: readonly ObservedPoolServer[]): Endpoint[] {
    const wanted = new Set(pool.servers.map(keyOf));
    const left = observed.filter((held) => !wanted.has(keyOf(held)));
    const held = left.filter(
      (one) => one.admin !== 'maintenance' || (one.inFlight !== 0 && !this.#tooLong(`${pool.group} ${keyOf(one)}`)),
    );
    const kept = new Set(held.map((one) => `${pool.group} ${keyOf(one)}`));
    for (const key of this.#sinceByKey.keys()) {
      if (key.startsWith(`${pool.group} `) && !kept.has(key)) this.#sinceByKey.delete(key);
    }
    return held.map(({ server, address, weight }) => ({ server, address, weight, admin: 'maintenance' }));
  }

  #tooLong(key: string): boolean {
    const now = this.#clock.monotonic();
    const since = this.#sinceByKey.get(key) ?? now;
    this.#sinceByKey.set(key, since);
    return now - since > lingeringMsMax;
  }
}

/** Who shall take requests, and has not passed a check yet: Envoy asks nobody before that. */
export class Newcomers {
  readonly #clock: Clock;
  /** When each was first seen so, by group, server and address. */
  readonly #sinceByKey = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The pool with those still in it that take requests now and shall not, for as long as somebody new may yet take over
   * from them; undefined: nobody has to wait.
   */
  poolMeanwhile(pool: DesiredPool, observed: readonly ObservedPoolServer[]): DesiredPool | undefined {
    const taking = observed.filter(({ admin, healthy }) => admin === 'ready' && healthy);
    const wanted = pool.servers.filter(({ admin }) => admin === 'ready');
    const isAwaited = this.#await(pool, wanted, new Set(taking.map(keyOf)));
    const wantedKeys = new Set(wanted.map(keyOf));
    const going = taking.filter((one) => !wantedKeys.has(keyOf(one)));
    if (!isAwaited || going.length === 0) return undefined;
    const goingKeys = new Set(going.map(keyOf));
    const staying = pool.servers.filter((one) => !goingKeys.has(keyOf(one)));
    const held = going.map(({ server, address, weight }): PoolServer => ({ server, address, weight, admin: 'ready' }));
    return { group: pool.group, servers: [...staying, ...held] };
  }

  #await({ group }: DesiredPool, wanted: readonly PoolServer[], taking: ReadonlySet<string>): boolean {
    const now = this.#clock.monotonic();
    const absent = wanted.map(keyOf).filter((key) => !taking.has(key));
    const keys = new Set(absent.map((key) => `${group} ${key}`));
    for (const key of this.#sinceByKey.keys()) {
      if (key.startsWith(`${group} `) && !keys.has(key)) this.#sinceByKey.delete(key);
    }
    for (const key of keys) if (!this.#sinceByKey.has(key)) this.#sinceByKey.set(key, now);
    return [...keys].some((key) => now - (this.#sinceByKey.get(key) ?? now) < firstCheckMsMax);
  }
}

/** The same server at another address is another endpoint. */
export function keyOf({ server, address }: Pick<Endpoint, 'server' | 'address'>): string {
  return `${server} ${hostPort(address)}`;
}
