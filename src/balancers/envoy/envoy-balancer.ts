/**
 * The Envoy sibling. One listener and one cluster a group; servers come and go in the group's endpoints file, groups in
 * the clusters' and listeners' files, all without a restart. A server that leaves stays, asked for nothing, until its
 * requests have ended.
 *
 * Promises: the file form has no receipt, so what `apply` and `readBack` say is what Envoy's admin interface says it
 * holds: the version it took, and its endpoints. What Envoy refuses does not stay on disk. Must not know: domain,
 * projections, nats. Duties of the caller: as in balancer.ts; one instance a data directory.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Address, GroupId } from '../../../schemas/ids.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import { pause } from '../../std/deadline.ts';
import { assert, Failure } from '../../std/failure.ts';
import type { AppliedPool, Balancer, DesiredPool, ObservedPool, ObservedPoolServer } from '../balancer.ts';
import { ListenBook } from '../listen-book.ts';
import { untilGone } from '../process-list.ts';
import { resolveAddresses } from '../resolve-addresses.ts';
import { SharedChange } from '../shared-change.ts';
import { socketFolder } from '../sockets.ts';
import {
  bootstrap,
  clusterOf,
  type Document,
  type Endpoint,
  hostPort,
  renderDocuments,
  restoreDocument,
  writeDocument,
} from './config-file.ts';
import { EnvoyProcess } from './process.ts';

export interface EnvoyOptions {
  /** Files, socket, log and the ports remembered. Absolute. */
  readonly dataDirectory: string;
  readonly clock: Clock;
  /** Default: `envoy` on the PATH. */
  readonly binary?: string;
  /** Addresses by group; the others get one from `host` and `basePort`. */
  readonly listen?: Readonly<Record<string, Address>>;
  readonly host?: string;
  readonly basePort?: number;
  /** False: somebody else starts Envoy on our bootstrap file. */
  readonly startProcess?: boolean;
}

/** Loopback, as everything Muster starts by default. */
const hostDefault = '127.0.0.1';
/** The port people try first for HTTP without being root. */
const basePortDefault = 8_080;
/** Envoy takes a file within milliseconds; a new cluster waits for its first health checks, of 2 s each. */
const takeTimeoutMs = 15_000;
const pollMs = 20;
/** How long `apply` waits for requests of a removed server to end. */
const leaveTimeoutMs = 500;
/** How long `apply` waits for the first health check of a new server: one that is up passes within milliseconds. */
const firstCheckTimeoutMs = 1_000;
/** A removed server with requests for so long is taken out all the same; Envoy lets them end on their own. */
const lingeringMsMax = 300_000;
/** How soon an Envoy that died is noticed; it is then started again from its files. */
const watchEveryMs = 250;

interface Parts {
  readonly directory: string;
  readonly bootstrapPath: string;
  readonly adminSocketPath: string;
  readonly process: EnvoyProcess;
  readonly listens: ListenBook;
}

export class EnvoyBalancer implements Balancer {
  readonly kind = 'envoy';
  readonly #options: EnvoyOptions;
  readonly #clock: Clock;
  readonly #changes: SharedChange;
  /** Set by `start`. */
  #parts: Parts | undefined;
  /** Every pool we were given and Envoy did not refuse, with IP addresses. */
  readonly #poolByGroup = new Map<GroupId, DesiredPool>();
  readonly #listenByGroup = new Map<GroupId, Address>();
  /** When a server that left was first seen lingering, by group, server and address. */
  readonly #lingersSince = new Map<string, number>();
  readonly #restartListeners = new Set<() => void>();
  #watch: Timer | undefined;
  #stopped = false;

  constructor(options: EnvoyOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#changes = new SharedChange({ change: () => this.#converge(), clock: options.clock, everyMs: 0 });
  }

  async start(pools: readonly DesiredPool[]): Promise<void> {
    assert(this.#parts === undefined, 'a balancer is started once');
    this.#parts = await this.#open();
    for (const pool of pools) await this.#take(pool);
    if (pools.length > 0) await this.#changes.ask();
    this.#watchLater();
  }

  async apply(pool: DesiredPool): Promise<AppliedPool> {
    const before = this.#poolByGroup.get(pool.group);
    const taken = await this.#take(pool);
    try {
      await this.#changes.ask();
    } catch (error) {
      this.#takeBack({ taken, before });
      throw error;
    }
    await this.#untilChecked(pool.group);
    const settled = await this.#removeLeft(pool.group);
    const observed = await this.readBack(pool.group);
    if (observed === undefined) throw this.#opened.process.failure(`has no cluster for group ${pool.group}`);
    return { ...observed, settled };
  }

  async readBack(group: GroupId): Promise<ObservedPool | undefined> {
    const listen = this.#listenByGroup.get(group);
    if (listen === undefined) return undefined;
    const servers = (await this.#opened.process.observe()).get(clusterOf(group));
    return servers === undefined ? undefined : { group, listen: `http://${hostPort(listen)}`, servers };
  }

  onRestart(listener: () => void): () => void {
    this.#restartListeners.add(listener);
    return () => this.#restartListeners.delete(listener);
  }

  async stop({ leaveRunning = false }: { readonly leaveRunning?: boolean } = {}): Promise<void> {
    this.#stopped = true;
    this.#watch?.cancel();
    await this.#changes.stop();
    const managed = this.#options.startProcess !== false;
    if (managed && !leaveRunning) await this.#parts?.process.stop();
  }

  async #open(): Promise<Parts> {
    const { dataDirectory, binary = 'envoy', startProcess = true, listen: given = {}, clock } = this.#options;
    const { host = hostDefault, basePort = basePortDefault } = this.#options;
    const directory = join(dataDirectory, 'xds');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const paths = {
      directory,
      bootstrapPath: join(dataDirectory, 'bootstrap.json'),
      adminSocketPath: join(await socketFolder(dataDirectory), 'admin.sock'),
    };
    const listens = new ListenBook({ path: join(dataDirectory, 'listen.json'), given, host, basePort });
    await listens.open();
    await writeDocument({ path: paths.bootstrapPath, text: bootstrap(paths) });
    const process = new EnvoyProcess({
      ...paths,
      binary,
      logPath: join(dataDirectory, 'envoy.log'),
      startProcess,
      clock,
    });
    return { ...paths, process, listens };
  }

  get #opened(): Parts {
    assert(this.#parts !== undefined, 'a balancer is started before it is used');
    return this.#parts;
  }

  /** Takes the pool in as desired. A host that does not resolve leaves the one before in its place. */
  async #take(pool: DesiredPool): Promise<DesiredPool> {
    const resolved = await resolveAddresses(pool, this.#clock);
    this.#listenByGroup.set(pool.group, await this.#opened.listens.claim(pool.group));
    this.#poolByGroup.set(pool.group, resolved);
    return resolved;
  }

  /** What Envoy did not take must not stand in the way of other groups, nor in the files at the next start. */
  #takeBack({ taken, before }: { taken: DesiredPool; before: DesiredPool | undefined }): void {
    if (this.#poolByGroup.get(taken.group) !== taken) return;
    if (before === undefined) this.#poolByGroup.delete(taken.group);
    else this.#poolByGroup.set(taken.group, before);
  }

  /** Compares what Envoy took with every desired pool, and moves in what differs. True: something was moved. */
  async #converge(): Promise<boolean> {
    if (this.#stopped) throw new Failure({ code: 'closed', retryable: false, message: 'the balancer was stopped' });
    const { process, directory } = this.#opened;
    const runs = await process.answers();
    const observed = runs ? await process.observe() : new Map<string, ObservedPoolServer[]>();
    const groups = [...this.#poolByGroup].map(([group, pool]) => {
      const listen = this.#listenByGroup.get(group);
      assert(listen !== undefined, 'a group taken in has an address');
      return { pool, listen, leaving: this.#leaving(pool, observed.get(clusterOf(group)) ?? []) };
    });
    const documents = renderDocuments(directory, groups);
    if (!runs) {
      for (const document of documents) await writeDocument(document);
      await process.start();
    }
    let moved = !runs;
    for (const document of documents) moved = (await this.#move(document)) || moved;
    return moved;
  }

  /** Has Envoy take the document, unless it says that it has. Throws `config-invalid` when Envoy refuses it. */
  async #move(document: Document): Promise<boolean> {
    const { process } = this.#opened;
    const { statistic, version } = document;
    const before = await process.statistics();
    const taken = `${statistic}.version_text`;
    const refused = `${statistic}.update_rejected`;
    if (before.get(taken) === version) return false;
    await writeDocument(document);
    // Of a cluster that is not there yet, the endpoints are read when it comes.
    if (before.get(taken) === undefined && statistic.startsWith('cluster.')) return true;
    const deadlineAt = this.#clock.monotonic() + takeTimeoutMs;
    for (;;) {
      const now = await process.statistics();
      if (now.get(taken) === version) return true;
      const isRefused = (now.get(refused) ?? '0') !== (before.get(refused) ?? '0');
      if (!isRefused && this.#clock.monotonic() < deadlineAt) {
        await pause({ clock: this.#clock, delayMs: pollMs });
        continue;
      }
      await restoreDocument(document);
      const message = `Envoy ${isRefused ? 'refuses' : 'did not take'} ${document.path}: ${await process.lastWords()}`;
      throw new Failure({ code: isRefused ? 'config-invalid' : 'unavailable', retryable: !isRefused, message });
    }
  }

  /** Endpoints Envoy holds that the pool does not: first asked for nothing, then, without requests, gone. */
  #leaving(pool: DesiredPool, observed: readonly ObservedPoolServer[]): Endpoint[] {
    const wanted = new Set(pool.servers.map(keyOf));
    return observed
      .filter((held) => !wanted.has(keyOf(held)))
      .filter((held) => held.admin !== 'maintenance' || (held.inFlight > 0 && !this.#lingersTooLong(pool.group, held)))
      .map((held) => ({ ...held, admin: 'maintenance' }));
  }

  #lingersTooLong(group: GroupId, held: ObservedPoolServer): boolean {
    const key = `${group} ${keyOf(held)}`;
    const now = this.#clock.monotonic();
    const since = this.#lingersSince.get(key) ?? now;
    this.#lingersSince.set(key, since);
    if (now - since <= lingeringMsMax) return false;
    this.#lingersSince.delete(key);
    return true;
  }

  /** Waits a moment for requests on what left the pool, and takes it out; true when nothing is left. */
  async #removeLeft(group: GroupId): Promise<boolean> {
    const left = async () => {
      const wanted = new Set(this.#poolByGroup.get(group)?.servers.map(keyOf));
      return ((await this.readBack(group))?.servers ?? []).filter((held) => !wanted.has(keyOf(held)));
    };
    const gone = async () => {
      const lingering = await left();
      if (lingering.some(({ inFlight }) => inFlight === 0)) await this.#changes.ask();
      return lingering.length === 0;
    };
    if (await untilGone({ gone, timeoutMs: leaveTimeoutMs, clock: this.#clock })) return true;
    return (await left()).length === 0;
  }

  /** A new server takes requests from its first passed check on. */
  async #untilChecked(group: GroupId): Promise<void> {
    const gone = async () => {
      const servers = (await this.readBack(group))?.servers ?? [];
      return servers.every(({ admin, healthy }) => healthy || admin !== 'ready');
    };
    await untilGone({ gone, timeoutMs: firstCheckTimeoutMs, clock: this.#clock });
  }

  #watchLater(): void {
    if (this.#stopped) return;
    this.#watch = this.#clock.after(watchEveryMs, () => {
      void this.#look().finally(() => this.#watchLater());
    });
  }

  /** Starts Envoy again when it is gone. Whatever fails here is seen by the next look and by every apply. */
  async #look(): Promise<void> {
    if (this.#poolByGroup.size === 0 || this.#changes.busy) return;
    try {
      if ((await this.#opened.process.answers()) || this.#stopped || this.#changes.busy) return;
      await this.#changes.ask();
      for (const listener of this.#restartListeners) listener();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
}

/** The same server at another address is another endpoint. */
function keyOf({ server, address }: Pick<Endpoint, 'server' | 'address'>): string {
  return `${server} ${hostPort(address)}`;
}
