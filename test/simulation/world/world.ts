/** Everybody in one story, and what it is about: a fleet that starts, is asked for things, and is hit by faults. */
import type { BalancerId, ServerId } from '../../../schemas/ids.ts';
import { streamNames } from '../../../src/nats/stream-definitions.ts';
import type { Bus } from '../../../src/nats/bus.ts';
import { BalancerSeat } from '../cast/balancer-seat.ts';
import { ClientSeat } from '../cast/client-seat.ts';
import { CoordinatorSeat } from '../cast/coordinator-seat.ts';
import { GatewaySeat } from '../cast/gateway-seat.ts';
import type { Listener } from '../nats/bus.ts';
import { SimNats, type Sync } from '../nats/server.ts';
import { calm } from '../nats/weather.ts';
import { wrongIn } from '../oracle/books.ts';
import { Loss } from '../oracle/loss.ts';
import { Pools } from '../oracle/pools.ts';
import { Telling } from '../oracle/telling.ts';
import { Truth } from '../oracle/truth.ts';
import { Chance } from './chance.ts';
import type { PlannedFault } from './faults.ts';
import { faults } from './faults.ts';
import type { SimProcess } from './process.ts';
import { Scheduler } from './scheduler.ts';
import { fleet, type Stage } from './stage.ts';
import type { Story } from './story.ts';

/** Makes some programs see or say something else than they should: each must be found out. */
export interface Mutation {
  readonly coordinator?: (bus: Bus) => Bus;
  readonly balancer?: (bus: Bus) => Bus;
}

export interface WorldOptions {
  readonly seed: number;
  readonly story: Story;
  readonly mutation?: Mutation | undefined;
  /** Default: always. */
  readonly sync?: Sync | undefined;
}

export class World {
  readonly scheduler = new Scheduler();
  readonly chance: Chance;
  readonly story: Story;
  readonly nats: SimNats;
  readonly truth: Truth;
  readonly loss: Loss;
  readonly coordinators: readonly CoordinatorSeat[];
  readonly gateways: ReadonlyMap<ServerId, GatewaySeat>;
  readonly balancers: readonly BalancerSeat[];
  readonly clients: readonly ClientSeat[];
  readonly #ending = new Set<() => void>();

  constructor({ seed, story, mutation = {}, sync = 'always' }: WorldOptions) {
    this.chance = new Chance(seed);
    this.story = story;
    const { scheduler, chance } = this;
    story.begin(() => scheduler.now);
    // What is said once acknowledged records or commands are lost is about a fleet that nobody can know any more.
    const fail = (why: string) => {
      if (!this.loss.isAny) story.fail(why);
    };
    this.nats = new SimNats({ scheduler, story, chance: chance.fork('nats'), sync });
    const { nats } = this;
    const names = streamNames(fleet);
    const commands = () => nats.streams.get(names.commands);
    this.truth = new Truth({ fail, commands, onEvent: (event) => this.#onEvent(event) });
    const { truth } = this;
    const telling = new Telling({ truth, fail });
    const listener: Listener = {
      onSaid: (process, subject, data) => telling.said(process, subject, data),
      onLearned: (process, stream, sequence) => {
        if (stream === names.log) process.knownLogSequence = Math.max(process.knownLogSequence, sequence);
      },
    };
    nats.onStored = (stream, kept) => {
      if (stream.definition.name === names.log && this.loss.records === 0) truth.take(kept);
    };
    this.loss = new Loss({
      log: () => nats.streams.get(names.log),
      commands,
      truth,
      coordinators: () => this.coordinators,
    });
    nats.onTakenBack = ({ definition }) => {
      if (definition.name === names.log) this.loss.recordsTakenBack();
      if (definition.name === names.commands) this.loss.commandsTakenBack();
    };
    const stage: Stage = { scheduler, story, chance: chance.fork('cast'), nats, listener };
    const plan = chance.fork('size');
    this.coordinators = many(plan.whole(1, 3), (index) => new CoordinatorSeat(`coordinator${index}`, stage));
    const gateways = many(plan.whole(2, 5), (index) => {
      return new GatewaySeat({ server: `s${index}` as ServerId, port: 8_000 + index }, stage);
    });
    this.gateways = new Map(gateways.map((seat) => [seat.server, seat]));
    this.balancers = many(plan.whole(1, 2), (index) => new BalancerSeat(`lb${index}` as BalancerId, stage));
    this.clients = ['alice', 'bob'].map((name) => new ClientSeat(name, stage));
    const pools = new Pools({ truth, telling, gateways: this.gateways, fail });
    this.#pools = pools;
    for (const seat of this.balancers) {
      seat.onPool = (process: SimProcess, pool) => pools.taken(process, pool);
      seat.onRemoved = (process: SimProcess, group) => pools.removed(process, group);
    }
    const { coordinator, balancer } = mutation;
    if (coordinator !== undefined) for (const seat of this.coordinators) seat.mutate = coordinator;
    if (balancer !== undefined) for (const seat of this.balancers) seat.mutate = balancer;
  }

  readonly #pools: Pools;

  start(): void {
    const seats = [...this.coordinators, ...this.gateways.values(), ...this.balancers, ...this.clients];
    for (const seat of seats) this.after(this.chance.between(0, 300), () => seat.start());
  }

  after(delayMs: number, run: () => void): void {
    this.scheduler.at(this.scheduler.now + delayMs, run);
  }

  schedule(planned: readonly PlannedFault[]): void {
    for (const { number, name, at, lastsMs } of planned) {
      const chance = this.chance.fork(`fault ${number} ${name}`);
      this.scheduler.at(at, () => {
        this.story.tell('FAULT', `${name}, for ${Math.round(lastsMs)} ms`);
        const end = faults[name].begin(this, chance);
        const over = () => {
          if (!this.#ending.delete(over)) return;
          this.story.tell('FAULT', `${name} is over`);
          end();
        };
        this.#ending.add(over);
        this.after(lastsMs, over);
      });
    }
  }

  /** From now on nothing goes wrong. */
  heal(): void {
    for (const over of [...this.#ending].reverse()) over();
    Object.assign(this.nats.weather, calm());
    this.nats.start();
    for (const seat of [...this.coordinators, ...this.gateways.values(), ...this.balancers]) {
      seat.setCut({ toServer: false, toClient: false });
      seat.wake();
      for (const link of seat.links) link.release();
      if (seat.process === undefined) seat.startLater();
    }
    this.story.tell('FAULT', 'nothing goes wrong any more');
  }

  /** What those who asked have written down, against the log. */
  closeBooks(): void {
    for (const wrong of wrongIn(
      this.clients.flatMap(({ asked }) => asked),
      this.truth,
    ))
      this.story.fail(wrong);
  }

  #onEvent(event: Parameters<Pools['onEvent']>[0]): void {
    this.story.tell('LOG', `${event.position} ${event.type}`, { ...event.data, by: event.principal });
    this.#pools.onEvent(event);
  }
}

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}
