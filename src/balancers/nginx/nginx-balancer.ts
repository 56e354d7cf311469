/**
 * The nginx sibling (1.22 and later). One server block a group on its own port. Every change is a new file and a
 * graceful reload, so changes gather: at most one reload in `reloadEveryMs`. A reload resets idle keep-alive
 * connections of clients, which ask again; a request that is under way is finished by the worker that has it.
 *
 * Promises: what `apply` and `readBack` say is what the generation holds that nginx itself says it runs. A file nginx
 * refuses never takes the place of a good one. A server that left counts as in flight while a worker of before the
 * reload may reach it. Weight 0 takes nothing new, nor does a server that fails our own checks while another of its
 * group passes them. `healthy` is always true: nginx tells nobody of its passive checks.
 * Must not know: domain, projections, nats. Duties of the caller: as in balancer.ts; one instance a data directory.
 */
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroupId } from '../../../schemas/ids.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import { assert, Failure } from '../../std/failure.ts';
import type { AppliedPool, Balancer, DesiredPool, ObservedPool } from '../balancer.ts';
import { DesiredPools } from '../desired-pools.ts';
import { listenBookOf, type ProgramOptions } from '../program-options.ts';
import { signalProcess, untilGone } from '../process-list.ts';
import { SharedChange } from '../shared-change.ts';
import { socketFolder } from '../sockets.ts';
import { listenUrl, type RenderedConfig, renderConfig, restoreConfig, writeConfig } from './config-file.ts';
import { GenerationBook } from './generation-book.ts';
import { HealthChecks } from './health-checks.ts';
import { observedServers } from './observe.ts';
import { NginxProcess, type Workers } from './process.ts';

export interface NginxOptions extends ProgramOptions {
  /** From one reload to the next at least. */
  readonly reloadEveryMs?: number;
}

/** Each reload resets the idle connections of every client: a burst of joins shall cost one or two. */
const reloadEveryMsDefault = 2_000;
/** How long `apply` waits for replaced workers to end; those without a request do within milliseconds. */
const leaveTimeoutMs = 500;
/** How soon an nginx that died is noticed; it is then started again from its file. */
const watchEveryMs = 250;

interface Parts {
  readonly dataDirectory: string;
  readonly configPath: string;
  readonly statusSocketPath: string;
  readonly binary: string;
  readonly process: NginxProcess;
  readonly generations: GenerationBook;
  readonly desired: DesiredPools;
}

export class NginxBalancer implements Balancer {
  readonly kind = 'nginx';
  readonly #options: NginxOptions;
  readonly #clock: Clock;
  readonly #changes: SharedChange;
  /** Set by `start`. */
  #parts: Parts | undefined;
  readonly #restartListeners = new Set<() => void>();
  readonly #checks: HealthChecks;
  #watch: Timer | undefined;
  /** The master last seen; 0: none yet. */
  #master = 0;
  #stopped = false;

  constructor(options: NginxOptions) {
    this.#options = options;
    const { clock, reloadEveryMs: everyMs = reloadEveryMsDefault } = options;
    this.#clock = clock;
    this.#changes = new SharedChange({ change: () => this.#converge(), clock, everyMs });
    this.#checks = new HealthChecks({
      clock,
      pools: () => this.#opened.desired.pools,
      onChange: () => this.#changes.ask().then(() => true, passOver),
    });
  }

  async start(pools: readonly DesiredPool[]): Promise<void> {
    assert(this.#parts === undefined, 'a balancer is started once');
    this.#parts = await this.#open();
    const { desired, process } = this.#parts;
    if ((await process.status()) === undefined) await desired.begin(pools);
    else for (const pool of pools) await desired.take(pool);
    if (desired.all.length > 0) await this.#changes.ask();
    this.#watchLater();
    this.#checks.start();
  }

  async apply(pool: DesiredPool): Promise<AppliedPool> {
    const takeBack = await this.#opened.desired.take(pool);
    try {
      // A pool that nginx holds already waits for nobody's reload.
      if (!(await this.#runs(this.#render()))) await this.#changes.ask();
    } catch (error) {
      takeBack();
      throw error;
    }
    await this.#untilLeft(pool.group);
    const observed = await this.readBack(pool.group);
    if (observed === undefined) throw unavailable(`has no server for group ${pool.group} after a change`);
    return { ...observed, settled: observed.servers.every(({ admin }) => admin !== 'maintenance') };
  }

  async remove(group: GroupId): Promise<void> {
    await this.#opened.desired.drop(group);
    // One that runs nothing has nothing to take out.
    if (this.#master !== 0 && !(await this.#runs(this.#render()))) await this.#changes.ask();
  }

  async readBack(group: GroupId): Promise<ObservedPool | undefined> {
    const listen = this.#opened.desired.listenOf(group);
    if (listen === undefined) return undefined;
    const { process, generations } = this.#opened;
    const status = await process.status();
    if (status === undefined) throw unavailable('does not answer');
    const pool = generations.find(status.generation)?.pools.find((one) => one.group === group);
    if (pool === undefined) return undefined;
    const pids = await process.alive(generations.workersBefore(status.generation));
    const leaving = pids.map((pid) => generations.ofWorker(pid));
    const servers = observedServers({ group, pool, writing: status.writing, leaving });
    return { group, listen: listenUrl(listen), servers };
  }

  onRestart(listener: () => void): () => void {
    this.#restartListeners.add(listener);
    return () => this.#restartListeners.delete(listener);
  }

  async stop({ leaveRunning = false }: { readonly leaveRunning?: boolean } = {}): Promise<void> {
    this.#stopped = true;
    this.#watch?.cancel();
    this.#checks.stop();
    await this.#changes.stop();
    const managed = this.#options.startProcess !== false;
    if (managed && !leaveRunning) await this.#parts?.process.stop();
  }

  async #open(): Promise<Parts> {
    const { binary = 'nginx', startProcess = true, clock } = this.#options;
    await mkdir(this.#options.dataDirectory, { recursive: true, mode: 0o700 });
    // As the system will name it: whose workers are whose is told by their folder.
    const dataDirectory = await realpath(this.#options.dataDirectory);
    const paths = {
      dataDirectory,
      configPath: join(dataDirectory, 'nginx.conf'),
      statusSocketPath: join(await socketFolder(dataDirectory), 'status.sock'),
    };
    const listens = listenBookOf({ ...this.#options, dataDirectory });
    const generations = new GenerationBook(join(dataDirectory, 'generations.json'));
    await Promise.all([listens.open(), generations.open()]);
    const logPath = join(dataDirectory, 'nginx.log');
    const process = new NginxProcess({ ...paths, binary, logPath, startProcess, clock });
    return { ...paths, binary, process, generations, desired: new DesiredPools({ listens, clock }) };
  }

  get #opened(): Parts {
    assert(this.#parts !== undefined, 'a balancer is started before it is used');
    return this.#parts;
  }

  #render(): RenderedConfig {
    const { dataDirectory, statusSocketPath, desired } = this.#opened;
    const groups = desired.all.map((one) => ({ ...one, pool: this.#checks.restUnwell(one.pool) }));
    return renderConfig({ dataDirectory, statusSocketPath, groups });
  }

  /** Whether nginx says that it runs this file, and what is written down of that is these pools. */
  async #runs({ generation }: RenderedConfig): Promise<boolean> {
    const { process, generations, desired } = this.#opened;
    if (this.#master === 0 || !signalProcess(this.#master, 0)) return false;
    // One file stands for several pools: who drains, has weight 0 or is unwell is `down` in it.
    if (!generations.holds(generation, desired.pools)) return false;
    return (await process.status())?.generation === generation;
  }

  /** Compares what nginx runs with every desired pool, and reloads it where it differs. True: it was reloaded. */
  async #converge(): Promise<boolean> {
    if (this.#stopped) throw new Failure({ code: 'closed', retryable: false, message: 'the balancer was stopped' });
    const { process, configPath: path, binary, desired } = this.#opened;
    const { pools } = desired;
    const { text, generation } = this.#render();
    const status = await process.status();
    const workers = await process.workers();
    const answers = status !== undefined && workers.master !== 0;
    if (answers && status.generation === generation) {
      await this.#record({ generation, pools, workers });
      return false;
    }
    await writeConfig({ path, text, binary });
    try {
      const now = await (answers ? process.reload(generation) : process.start(generation));
      await this.#record({ generation, pools, workers: now });
    } catch (error) {
      await restoreConfig(path);
      throw error;
    }
    return true;
  }

  async #record(now: { generation: string; pools: readonly DesiredPool[]; workers: Workers }): Promise<void> {
    const { generation, pools, workers } = now;
    this.#master = workers.master;
    const alive = new Set([...workers.running, ...workers.leaving]);
    await this.#opened.generations.record({ generation, pools, workers: workers.running }, alive);
  }

  /** Waits a moment for replaced workers that may reach a server which takes nothing new. */
  async #untilLeft(group: GroupId): Promise<void> {
    const gone = async () => {
      const resting = (await this.readBack(group))?.servers.filter(({ admin }) => admin !== 'ready') ?? [];
      return resting.every(({ inFlight }) => inFlight === 0);
    };
    await untilGone({ gone, timeoutMs: leaveTimeoutMs, clock: this.#clock });
  }

  #watchLater(): void {
    if (this.#stopped) return;
    this.#watch = this.#clock.after(watchEveryMs, () => {
      void this.#look().finally(() => this.#watchLater());
    });
  }

  /** Starts nginx again when it is gone. Whatever fails here is seen by the next look and by every apply. */
  async #look(): Promise<void> {
    if (this.#opened.desired.all.length === 0) return;
    try {
      const before = this.#master;
      const gone = before === 0 || !signalProcess(before, 0) || (await this.#opened.process.status()) === undefined;
      if (!gone || this.#stopped || this.#changes.running || before !== this.#master) return;
      this.#changes.hurry();
      await this.#changes.ask();
      for (const listener of this.#restartListeners) listener();
    } catch (error) {
      passOver(error);
    }
  }
}

/** What fails behind the scenes is seen by the next look and by every apply. */
function passOver(error: unknown): false {
  if (!(error instanceof Failure)) throw error;
  return false;
}

function unavailable(what: string): Failure {
  return new Failure({ code: 'unavailable', retryable: true, message: `nginx ${what}` });
}
