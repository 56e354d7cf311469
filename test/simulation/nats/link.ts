/**
 * One connection to the server, as TCP gives it: each way in order, late when cut for a moment, gone when cut for long.
 * The client notices by its pings, and comes back by itself.
 */
import type { SimProcess } from '../world/process.ts';
import type { Chance } from '../world/chance.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { SimNats } from './server.ts';
import { latencyMs } from './weather.ts';

/** A frozen server or a cut link is noticed after three pings at 2 s. */
const noticeMs = { least: 4_000, most: 8_000 } as const;
const reconnectMs = { least: 100, most: 1_000 } as const;

export interface LinkEvents {
  readonly onUp: () => void;
  readonly onDown: () => void;
}

export class SimLink {
  readonly process: SimProcess;
  readonly server: SimNats;
  readonly principal: string;
  up = false;
  closed = false;
  /** Counts connections: what was sent over an earlier one is not answered over this. */
  epoch = 0;
  readonly cut = { toServer: false, toClient: false };
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  #events: LinkEvents | undefined;
  #lastOut = 0;
  #lastIn = 0;
  readonly #lastInBySource = new Map<string, number>();
  /** Sent into a cut link. */
  #stalledOut: (() => void)[] = [];
  #stalledIn: { readonly run: () => void; readonly source: string }[] = [];
  /** What the process has written and its kernel not yet taken, while it is held back. */
  #outbox: (() => void)[] | undefined;

  constructor(options: { process: SimProcess; server: SimNats; principal: string; chance: Chance }) {
    this.process = options.process;
    this.server = options.server;
    this.principal = options.principal;
    this.#chance = options.chance;
    this.#scheduler = options.server.scheduler;
    options.process.onDeath(() => this.#die());
  }

  get isCut(): boolean {
    return this.cut.toServer || this.cut.toClient;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.#connect();
  }

  /** Carries what the process says to the server. The caller has checked that it is up. */
  send(run: () => void): void {
    if (this.process.isDead) return;
    if (this.#outbox !== undefined) this.#outbox.push(run);
    else if (this.cut.toServer) this.#stalledOut.push(run);
    else this.#carryOut(run);
  }

  /** Carries what the server says to the process. `source` orders it among what comes from there. */
  deliver(run: () => void, source: string): void {
    if (!this.up) return;
    if (this.cut.toClient) this.#stalledIn.push({ run, source });
    else this.#carryIn(run, source);
  }

  /** From now on what the process says stays in its own buffers. */
  hold(): void {
    this.#outbox ??= [];
  }

  /** The buffers are written out, in order. */
  release(): void {
    const outbox = this.#outbox;
    this.#outbox = undefined;
    if (!this.up) return;
    for (const run of outbox ?? []) this.send(run);
  }

  setCut({ toServer, toClient }: { readonly toServer: boolean; readonly toClient: boolean }): void {
    const wasCut = this.isCut;
    this.cut.toServer = toServer;
    this.cut.toClient = toClient;
    if (this.isCut && !wasCut) this.#noticeLater();
    this.#flush();
  }

  /** The connection is gone. */
  drop(): void {
    if (!this.up) return;
    this.up = false;
    this.epoch += 1;
    this.server.forget(this);
    // What a kernel still holds for a connection it was told to close, it may deliver once it can.
    if (!this.#chance.happens(0.5)) this.#stalledOut = [];
    else this.#stalledOut.splice(this.#chance.whole(0, this.#stalledOut.length));
    this.#stalledIn = [];
    this.#outbox = undefined;
    this.process.enter(() => this.#events?.onDown());
    this.#connectLater();
  }

  close(): void {
    this.closed = true;
    if (this.up) this.server.forget(this);
    this.up = false;
    this.epoch += 1;
  }

  #die(): void {
    // A prefix of what it had written was on its way.
    const outbox = this.#outbox ?? [];
    this.#outbox = undefined;
    if (this.up && !this.cut.toServer)
      for (const run of outbox.slice(0, this.#chance.whole(0, outbox.length))) this.#carryOut(run);
    this.close();
  }

  #carryOut(run: () => void): void {
    const at = Math.max(this.#lastOut, this.#scheduler.now + this.#latency());
    this.#lastOut = at;
    const { server } = this;
    const serverEpoch = server.epoch;
    this.#scheduler.at(at, () => {
      if (server.up && server.epoch === serverEpoch) run();
    });
  }

  #carryIn(run: () => void, source: string): void {
    // What comes from one source stays in order, whatever else overtakes it.
    const { reorder } = this.server.weather;
    const before = reorder ? (this.#lastInBySource.get(source) ?? 0) : this.#lastIn;
    const at = Math.max(before, this.#scheduler.now + this.#latency());
    this.#lastIn = Math.max(this.#lastIn, at);
    this.#lastInBySource.set(source, at);
    const { epoch } = this;
    this.#scheduler.at(at, () => {
      if (this.epoch !== epoch) return;
      this.process.enter(() => {
        if (this.epoch === epoch) run();
      });
    });
  }

  #latency(): number {
    const { slow, slowMs } = this.server.weather;
    const base = latencyMs.least + (latencyMs.most - latencyMs.least) * this.#chance.next();
    return slow > 0 && this.#chance.happens(slow) ? base + this.#chance.next() * slowMs : base;
  }

  #flush(): void {
    if (!this.cut.toServer) for (const run of this.#stalledOut.splice(0)) this.#carryOut(run);
    if (this.cut.toClient) return;
    for (const { run, source } of this.#stalledIn.splice(0)) if (this.up) this.#carryIn(run, source);
  }

  #noticeLater(): void {
    const { epoch } = this;
    this.#scheduler.at(this.#scheduler.now + this.#chance.between(noticeMs.least, noticeMs.most), () => {
      if (this.isCut && this.epoch === epoch) this.drop();
    });
  }

  #connectLater(): void {
    const delayMs = this.#chance.between(reconnectMs.least, reconnectMs.most);
    this.#scheduler.at(this.#scheduler.now + delayMs, () => this.process.enter(() => this.#connect()));
  }

  #connect(): void {
    if (this.closed || this.up || this.process.isDead) return;
    if (!this.server.up || this.isCut) return this.#connectLater();
    this.up = true;
    this.#lastIn = 0;
    this.#lastInBySource.clear();
    this.server.greet(this);
    this.#events?.onUp();
  }
}
