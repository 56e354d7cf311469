/**
 * The Envoy sibling. One listener and one cluster a group; servers come and go in the group's endpoints, groups in
 * clusters and listeners, all without a restart. A server that leaves stays, asked for nothing, until its requests have
 * ended. Envoy finds all this in files, or asks us for it (`xds: 'rest'`): then one that starts while we are away has
 * nothing until we are back, and one that runs goes on with what it has.
 *
 * Promises: neither form has a receipt to rest on, so what `apply` and `readBack` say is what Envoy's admin interface
 * says it holds: the version it took, and its endpoints. What Envoy refuses is not offered to it again. Must not know:
 * domain, projections, nats. Duties of the caller: as in balancer.ts; one instance a data directory.
 */
import { join } from 'node:path';
import type { GroupId } from '../../../schemas/ids.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import { replaceFile } from '../../std/durable-file.ts';
import { assert, Failure } from '../../std/failure.ts';
import type { AppliedPool, Balancer, DesiredPool, ObservedPool } from '../balancer.ts';
import { DesiredPools } from '../desired-pools.ts';
import { listenBookOf, type ProgramOptions } from '../program-options.ts';
import { untilGone } from '../process-list.ts';
import { SharedChange } from '../shared-change.ts';
import { socketFolder } from '../sockets.ts';
import { keyOf } from './apply.ts';
import { bootstrap, type XdsForm } from './bootstrap.ts';
import { hostPort } from '../../std/host-port.ts';
import { clusterOf, endpointsName } from './config-file.ts';
import { Convergence } from './convergence.ts';
import { DocumentFiles } from './document-files.ts';
import { DocumentServer } from './document-server.ts';
import type { Documents } from './documents.ts';
import { EnvoyProcess } from './process.ts';

export interface EnvoyOptions extends ProgramOptions {
  /** Files that Envoy watches, or REST, which it asks on a socket of ours. Default: `files`. */
  readonly xds?: XdsForm['xds'];
}

/** How long `apply` waits for requests of a removed server to end. */
const leaveTimeoutMs = 500;
/** How long `apply` waits for the first health check of a new server: one that is up passes within milliseconds. */
const firstCheckTimeoutMs = 1_000;
/** How soon an Envoy that died is noticed; it is then started again from its files. */
const watchEveryMs = 250;

interface Parts {
  readonly documents: Documents;
  readonly convergence: Convergence;
  readonly process: EnvoyProcess;
  readonly desired: DesiredPools;
}

export class EnvoyBalancer implements Balancer {
  readonly kind = 'envoy';
  readonly #options: EnvoyOptions;
  readonly #clock: Clock;
  readonly #changes: SharedChange;
  /** Set by `start`. */
  #parts: Parts | undefined;
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
    const { desired, process } = this.#parts;
    if (!(await process.runs())) await desired.begin(pools);
    else for (const pool of pools) await desired.take(pool);
    if (desired.all.length > 0) await this.#changes.ask();
    this.#watchLater();
  }

  async apply(pool: DesiredPool): Promise<AppliedPool> {
    const takeBack = await this.#opened.desired.take(pool);
    try {
      await this.#changes.ask();
    } catch (error) {
      takeBack();
      throw error;
    }
    await this.#untilChecked(pool.group);
    const settled = await this.#removeLeft(pool.group);
    const observed = await this.readBack(pool.group);
    if (observed === undefined) throw this.#opened.process.failure(`has no cluster for group ${pool.group}`);
    return { ...observed, settled };
  }

  async remove(group: GroupId): Promise<void> {
    const { desired, process, documents } = this.#opened;
    await desired.drop(group);
    // One that runs nothing has nothing to take out.
    if (await process.answers()) await this.#changes.ask();
    await documents.forget(endpointsName(group));
  }

  async readBack(group: GroupId): Promise<ObservedPool | undefined> {
    const listen = this.#opened.desired.listenOf(group);
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
    await this.#parts?.documents.close();
  }

  async #open(): Promise<Parts> {
    const { dataDirectory, binary = 'envoy', startProcess = true, clock } = this.#options;
    const sockets = await socketFolder(dataDirectory);
    const form = formOf({ xds: this.#options.xds ?? 'files', dataDirectory, sockets });
    const documents = form.xds === 'files' ? new DocumentFiles(form) : new DocumentServer({ ...form, clock });
    await documents.open();
    const listens = listenBookOf(this.#options);
    await listens.open();
    const paths = {
      bootstrapPath: join(dataDirectory, 'bootstrap.json'),
      adminSocketPath: join(sockets, 'admin.sock'),
      logPath: join(dataDirectory, 'envoy.log'),
    };
    await replaceFile(paths.bootstrapPath, bootstrap({ form, ...paths }));
    const process = new EnvoyProcess({ ...paths, xds: form.xds, binary, startProcess, clock });
    const desired = new DesiredPools({ listens, clock });
    const convergence = new Convergence({ form, documents, process, desired, clock });
    return { documents, convergence, process, desired };
  }

  get #opened(): Parts {
    assert(this.#parts !== undefined, 'a balancer is started before it is used');
    return this.#parts;
  }

  /** Compares what Envoy took with every desired pool, and moves in what differs. True: something was moved. */
  async #converge(): Promise<boolean> {
    if (this.#stopped) throw new Failure({ code: 'closed', retryable: false, message: 'the balancer was stopped' });
    return this.#opened.convergence.run();
  }

  /** Waits a moment for requests on what left the pool, and takes it out; true when nothing is left. */
  async #removeLeft(group: GroupId): Promise<boolean> {
    const left = async () => {
      const wanted = new Set(this.#opened.desired.find(group)?.servers.map(keyOf));
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
    if (this.#opened.desired.all.length === 0 || this.#changes.running) return;
    try {
      if ((await this.#opened.process.answers()) || this.#stopped || this.#changes.running) return;
      this.#changes.hurry();
      await this.#changes.ask();
      for (const listener of this.#restartListeners) listener();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
}

function formOf(given: { xds: XdsForm['xds']; dataDirectory: string; sockets: string }): XdsForm {
  const { xds, dataDirectory, sockets } = given;
  return xds === 'files'
    ? { xds, directory: join(dataDirectory, 'xds') }
    : { xds, socketPath: join(sockets, 'xds.sock') };
}
