/** A machine and the program that lives on it, one life after another: whoever watches it starts it again. */
import type { Bus } from '../../../src/nats/bus.ts';
import type { Principal } from '../../../schemas/ids.ts';
import { SimBus } from '../nats/bus.ts';
import { SimLink } from '../nats/link.ts';
import { SimDisk } from '../world/disk.ts';
import { SimProcess } from '../world/process.ts';
import type { Stage } from '../world/stage.ts';

/** What a supervisor takes to start a program again. */
const restartMs = { least: 300, most: 2_000 } as const;

export abstract class Seat {
  readonly name: string;
  readonly stage: Stage;
  readonly disk = new SimDisk();
  /** Milliseconds its wall clock is ahead. */
  skewMs = 0;
  /** Undefined while it is down. */
  process: SimProcess | undefined;
  links: SimLink[] = [];
  /** Cut while set, for every connection it makes. */
  cut = { toServer: false, toClient: false };
  /** Changes what its programs are told by NATS, or say to it: how mutants are made. */
  mutate: (bus: Bus) => Bus = (bus) => bus;
  #lives = 0;

  constructor(name: string, stage: Stage) {
    this.name = name;
    this.stage = stage;
  }

  start(): void {
    if (this.process !== undefined) return;
    const { scheduler, story, chance } = this.stage;
    this.#lives += 1;
    const life = `${this.name}.${this.#lives}`;
    const process = new SimProcess({ name: life, scheduler, story, chance: chance.fork(life), skewMs: this.skewMs });
    this.process = process;
    story.tell(life, 'starts');
    process.enter(() => this.live(process));
  }

  /** Kill -9. */
  crash(): void {
    this.#end('is killed');
  }

  /** As after a crash: the program has ended, and is started again unless somebody says otherwise. */
  ended(process: SimProcess, what: string): void {
    if (this.process !== process) return;
    this.#end(what);
    this.startLater();
  }

  startLater(): void {
    const { scheduler, chance } = this.stage;
    scheduler.at(scheduler.now + chance.between(restartMs.least, restartMs.most), () => this.start());
  }

  freeze(): void {
    this.process?.freeze();
  }

  wake(): void {
    this.process?.wake();
  }

  setCut(cut: { readonly toServer: boolean; readonly toClient: boolean }): void {
    this.cut = { ...cut };
    for (const link of this.links) link.setCut(cut);
  }

  setSkew(skewMs: number): void {
    this.skewMs = skewMs;
    if (this.process !== undefined) this.process.skewMs = skewMs;
  }

  /** A clean stop; it is started again. */
  abstract stop(): void;

  /** The program's main. */
  protected abstract live(process: SimProcess): void;
  /** Ends what is played beside it. */
  protected died(): void {}

  protected async openBus(process: SimProcess, principal: string, signal?: AbortSignal): Promise<Bus> {
    const { nats, chance, listener } = this.stage;
    const link = new SimLink({
      process,
      server: nats,
      principal: principal as Principal,
      chance: chance.fork(process.name),
    });
    link.setCut(this.cut);
    this.links.push(link);
    const bus = new SimBus(link, listener);
    await bus.connect(signal);
    return this.mutate(bus);
  }

  #end(what: string): void {
    const { process } = this;
    if (process === undefined) return;
    this.stage.story.tell(process.name, what);
    process.kill();
    this.process = undefined;
    this.links = [];
    this.died();
  }
}
