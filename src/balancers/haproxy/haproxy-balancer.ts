/**
 * The HAProxy sibling (2.6 and later). One frontend a group on its own port; servers come and go over the runtime
 * socket without a reload; only a group that comes or goes reloads, seamlessly. The file always says the same as the memory.
 *
 * Promises: what `apply` and `readBack` say was read from HAProxy after the change. Applies that arrive while a change
 * is under way share the next one. Must not know: domain, projections, nats.
 * Duties of the caller: as in balancer.ts; one instance a data directory.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Address, GroupId } from '../../../schemas/ids.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import { pause } from '../../std/deadline.ts';
import { assert, Failure } from '../../std/failure.ts';
import { Addresses } from '../addresses.ts';
import type { AppliedPool, Balancer, DesiredPool, ObservedPool } from '../balancer.ts';
import { type BackendChange, commandsFor, removalsFor } from './apply.ts';
import { backendOf, renderConfig, writeConfig } from './config-file.ts';
import { type ListenBook, requireFree } from '../listen-book.ts';
import { listenBookOf, type ProgramOptions } from '../program-options.ts';
import { HaproxyProcess } from './process.ts';
import { HaproxyRuntime, type ObservedBackend } from './runtime.ts';
import { socketFolder } from '../sockets.ts';

export type HaproxyOptions = ProgramOptions;

/** How long `apply` waits for connections of a removed server to be gone; idle ones go within milliseconds. */
const removalTimeoutMs = 500;
const removalPollMs = 25;
/** How soon a HAProxy that died is noticed; it is then started again from its file. */
const watchEveryMs = 250;

interface Parts {
  readonly configPath: string;
  readonly adminSocketPath: string;
  readonly process: HaproxyProcess;
  readonly runtime: HaproxyRuntime;
  readonly book: ListenBook;
}

export class HaproxyBalancer implements Balancer {
  readonly kind = 'haproxy';
  readonly #options: HaproxyOptions;
  readonly #clock: Clock;
  readonly #addresses: Addresses;
  /** Set by `start`. */
  #parts: Parts | undefined;
  /** Every pool we were ever given, with IP addresses: what the file is written from. */
  readonly #poolByGroup = new Map<GroupId, DesiredPool>();
  readonly #listenByGroup = new Map<GroupId, Address>();
  /** The change under way, and the one that gathers behind it. */
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  readonly #restartListeners = new Set<() => void>();
  #watch: Timer | undefined;
  /** The worker last seen; another one that we did not ask for means that memory was lost. 0: none yet. */
  #worker = 0;
  #stopped = false;

  constructor(options: HaproxyOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#addresses = new Addresses({ clock: options.clock });
  }

  async start(pools: readonly DesiredPool[]): Promise<void> {
    assert(this.#parts === undefined, 'a balancer is started once');
    this.#parts = await this.#open();
    for (const pool of pools) await this.#begin(pool);
    this.#stopped = false;
    if (this.#poolByGroup.size > 0) await this.#change();
    this.#watchLater();
  }

  async apply(pool: DesiredPool): Promise<AppliedPool> {
    const before = this.#poolByGroup.get(pool.group);
    await this.#take(pool);
    try {
      await this.#change();
    } catch (error) {
      // What HAProxy or the disk refused must not stand in the way of other groups, nor of a restart.
      this.#takeBack(pool.group, before);
      throw error;
    }
    const settled = await this.#removeLeft(pool.group);
    const observed = await this.readBack(pool.group);
    if (observed === undefined) throw unavailable(`has no backend for group ${pool.group} after a change`);
    await this.#proveHeld(pool.group);
    return { ...observed, settled };
  }

  async remove(group: GroupId): Promise<void> {
    this.#poolByGroup.delete(group);
    this.#listenByGroup.delete(group);
    this.#addresses.forget(group);
    await this.#opened.book.release(group);
    // One that runs nothing has nothing to take out.
    if (this.#worker !== 0) await this.#change();
  }

  async readBack(group: GroupId): Promise<ObservedPool | undefined> {
    const listen = this.#listenByGroup.get(group);
    if (listen === undefined) return undefined;
    return this.#opened.runtime.readBack(group, listen);
  }

  onRestart(listener: () => void): () => void {
    this.#restartListeners.add(listener);
    return () => this.#restartListeners.delete(listener);
  }

  async stop({ leaveRunning = false }: { readonly leaveRunning?: boolean } = {}): Promise<void> {
    this.#stopped = true;
    this.#watch?.cancel();
    await this.#running.catch(() => undefined);
    const managed = this.#options.startProcess !== false;
    if (managed && !leaveRunning) await this.#parts?.process.stop();
  }

  async #open(): Promise<Parts> {
    const { dataDirectory, binary = 'haproxy', startProcess = true, clock } = this.#options;
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    const sockets = await socketFolder(dataDirectory);
    const paths = {
      configPath: join(dataDirectory, 'haproxy.cfg'),
      adminSocketPath: join(sockets, 'admin.sock'),
      masterSocketPath: join(sockets, 'master.sock'),
    };
    const logPath = join(dataDirectory, 'haproxy.log');
    const book = listenBookOf(this.#options);
    await book.open();
    const process = new HaproxyProcess({ ...paths, binary, logPath, startProcess, clock });
    return { ...paths, book, process, runtime: new HaproxyRuntime({ ...paths, process, clock }) };
  }

  get #opened(): Parts {
    assert(this.#parts !== undefined, 'a balancer is started before it is used');
    return this.#parts;
  }

  /** Takes the pool in as desired. A host that does not resolve leaves the one before in its place. */
  async #take(pool: DesiredPool): Promise<void> {
    const resolved = await this.#addresses.resolve(pool);
    const listen = await this.#opened.book.claim(pool.group);
    if (!(await this.#isListening(pool.group))) await requireFree(pool.group, listen);
    this.#listenByGroup.set(pool.group, listen);
    this.#poolByGroup.set(pool.group, resolved);
  }

  /** What nobody serves yet and cannot be taken in keeps no other group from being served: `apply` says why. */
  async #begin(pool: DesiredPool): Promise<void> {
    try {
      await this.#take(pool);
    } catch (error) {
      if (!(error instanceof Failure) || (await this.#isListening(pool.group))) throw error;
    }
  }

  /** Whether the group's port is our HAProxy's own, were it one that was found running. */
  async #isListening(group: GroupId): Promise<boolean> {
    if (this.#poolByGroup.has(group)) return true;
    const { process, runtime, book } = this.#opened;
    if (((await process.processes())?.worker ?? 0) === 0) return false;
    return (await runtime.readBack(group, await book.claim(group))) !== undefined;
  }

  #takeBack(group: GroupId, before: DesiredPool | undefined): void {
    if (before === undefined) this.#poolByGroup.delete(group);
    else this.#poolByGroup.set(group, before);
  }

  /** Joins the change that has not begun yet: it will see everything taken in until it begins. */
  #change(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    const begin = () => {
      this.#next = undefined;
      return this.#converge();
    };
    this.#next = this.#running.then(begin, begin);
    this.#running = this.#next;
    return this.#next;
  }

  /** Compares file, process and memory with every desired pool, and changes what differs. */
  async #converge(): Promise<void> {
    if (this.#stopped) throw new Failure({ code: 'closed', retryable: false, message: 'the balancer was stopped' });
    const { configPath, adminSocketPath, process, runtime } = this.#opened;
    const groups = [...this.#poolByGroup].map(([group, pool]) => {
      const listen = this.#listenByGroup.get(group);
      assert(listen !== undefined, 'a group taken in has an address');
      return { pool, listen };
    });
    const { text, structure } = renderConfig({ adminSocketPath, groups });
    await writeConfig({ path: configPath, text, binary: this.#options.binary ?? 'haproxy' });
    const before = await process.processes();
    if (before === undefined) await process.start();
    else if (before.worker === 0 || !(await runtime.says(structure))) await process.reload();
    this.#worker = (await process.processes())?.worker ?? 0;
    for (const group of this.#poolByGroup.keys()) await this.#assertPool(group);
  }

  async #assertPool(group: GroupId): Promise<void> {
    const commands = commandsFor(this.#changeFor(group, await this.#opened.runtime.observe(group)));
    if (commands.length > 0) await this.#opened.runtime.ask(commands);
  }

  /** Says `del server` until nobody is left who left the pool; true when nobody is. */
  async #removeLeft(group: GroupId): Promise<boolean> {
    const { runtime } = this.#opened;
    const deadlineAt = this.#clock.monotonic() + removalTimeoutMs;
    for (;;) {
      const observed = await runtime.observe(group);
      const change = this.#changeFor(group, observed);
      const wanted = new Set(change.desired.map(({ server }) => server));
      if (observed.servers.every(({ server }) => wanted.has(server))) return true;
      if (this.#clock.monotonic() > deadlineAt) return false;
      const commands = removalsFor(change, observed.sessionsByServer);
      if (commands.length > 0) await runtime.ask(commands);
      await pause({ clock: this.#clock, delayMs: removalPollMs });
    }
  }

  #changeFor(group: GroupId, { servers: observed }: ObservedBackend): BackendChange {
    return { backend: backendOf(group), observed, desired: this.#poolByGroup.get(group)?.servers ?? [] };
  }

  /** Texts of single commands are not relied on: whatever they said, what is read back has to be the pool. */
  async #proveHeld(group: GroupId): Promise<void> {
    const left = commandsFor(this.#changeFor(group, await this.#opened.runtime.observe(group)));
    if (left.length > 0) throw unavailable(`did not take: ${left.slice(0, 3).join('; ')}`);
  }

  #watchLater(): void {
    if (this.#stopped) return;
    this.#watch = this.#clock.after(watchEveryMs, () => {
      void this.#look().finally(() => this.#watchLater());
    });
  }

  /** Starts HAProxy again when it is gone. Whatever fails here is seen by the next look and by every apply. */
  async #look(): Promise<void> {
    if (this.#poolByGroup.size === 0 || this.#next !== undefined) return;
    try {
      await this.#running.catch(() => undefined);
      const before = this.#worker;
      const now = (await this.#opened.process.processes())?.worker ?? 0;
      if (this.#stopped || (now !== 0 && now === this.#worker) || before !== this.#worker) return;
      await this.#change();
      for (const listener of this.#restartListeners) listener();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
}

function unavailable(what: string): Failure {
  return new Failure({ code: 'unavailable', retryable: true, message: `HAProxy ${what}` });
}
