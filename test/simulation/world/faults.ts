/**
 * Faults by name. Each is a window in the story: it begins, it ends, and after the last one nothing goes wrong any more.
 * What a fault is done to and for how long comes from the seed.
 */
import type { Seat } from '../cast/seat.ts';
import { streamNames } from '../../../src/nats/stream-definitions.ts';
import { fleet } from './stage.ts';
import type { Chance } from './chance.ts';
import type { World } from './world.ts';

export interface Fault {
  /** How often it is picked beside the others. */
  readonly weight: number;
  /** Begins; returns what ends it. */
  readonly begin: (world: World, chance: Chance) => () => void;
}

const forgotten = () => undefined;

export const faults = {
  /** Core messages do not reach some of those who listen. */
  lose: weather(2, (chance) => ({ lose: chance.between(0.02, 0.3) })),
  /** Core messages come twice. */
  repeat: weather(1, (chance) => ({ repeat: chance.between(0.05, 0.5) })),
  /** Connections are slow, now and then by seconds. */
  delay: weather(2, (chance) => ({ slow: chance.between(0.01, 0.2), slowMs: chance.between(20, 2_500) })),
  /** Messages of different senders, and answers, overtake one another. */
  reorder: weather(2, (chance) => ({ reorder: true, slow: 0.3, slowMs: chance.between(5, 300) })),
  /** Publishes into streams are lost. */
  'lose-stores': weather(2, (chance) => ({ requestLost: chance.between(0.02, 0.3) })),
  /** Publishes into streams are stored, and their acks lost. */
  'lose-acks': weather(2, (chance) => ({ ackLost: chance.between(0.02, 0.3) })),
  /** Publishes into streams take effect seconds later. */
  'late-stores': weather(2, (chance) => ({ late: chance.between(0.02, 0.3) })),
  /** Appends are answered as duplicates, and not stored. */
  duplicates: weather(1, (chance) => ({ duplicate: chance.between(0.05, 0.4) })),
  /** Direct gets come from replicas that lag. */
  'stale-reads': weather(2, (chance) => ({ stale: chance.between(0.2, 1), staleMs: chance.between(50, 3_000) })),
  /** Streams' leaders are asked, and some who were frozen or cut off answer that lead them no more. */
  'deposed-leaders': weather(1, (chance) => ({
    deposed: chance.between(0.02, 0.3),
    deposedMs: chance.between(50, 8_000),
  })),
  /** A program is killed and started again on its disk. */
  crash: {
    weight: 4,
    begin: (world, chance) => {
      const seat = anybody(world, chance);
      seat.crash();
      return () => seat.start();
    },
  },
  /** A program is killed and its disk lost. Not a coordinator's: it alone knows how far the log was seen. */
  wipe: {
    weight: 1,
    begin: (world, chance) => {
      const seat = chance.pick([...world.gateways.values(), ...world.balancers]);
      seat.crash();
      seat.disk.wipe();
      return () => seat.start();
    },
  },
  /** A program is told to stop, and is started again. */
  stop: {
    weight: 2,
    begin: (world, chance) => {
      const seat = anybody(world, chance);
      seat.stop();
      return forgotten;
    },
  },
  /** A program stands still, and wakes with all it had to say and all it was told. */
  freeze: {
    weight: 4,
    begin: (world, chance) => {
      const seat = chance.happens(0.6) ? leader(world, chance) : anybody(world, chance);
      for (const link of seat.links) link.hold();
      const { process } = seat;
      // It goes on for a moment with nobody hearing it: what it says then is in its buffers when it stands still.
      let isOver = false;
      world.after(chance.between(0, 150), () => {
        if (!isOver) process?.freeze();
      });
      return () => {
        isOver = true;
        process?.wake();
        world.after(chance.between(0, 5), () => {
          for (const link of seat.links) link.release();
        });
      };
    },
  },
  /** A link is cut, one way or both. */
  cut: {
    weight: 3,
    begin: (world, chance) => {
      const seat = anybody(world, chance);
      seat.setCut(chance.pick([both, { ...both, toServer: false }, { ...both, toClient: false }]));
      return () => seat.setCut({ toServer: false, toClient: false });
    },
  },
  /** NATS is stopped and started: every connection is lost, no stream is. */
  'nats-restart': {
    weight: 2,
    begin: (world) => {
      world.nats.stop();
      return () => world.nats.start();
    },
  },
  /**
   * The power goes in the midst of a publish into a stream, NATS's alone or everybody's. What was synced by then is there
   * afterwards; so is what was under way, or not.
   */
  'power-cut': {
    weight: 2,
    begin: (world, chance) => {
      const along: readonly Seat[] = chance.happens(0.5) ? everybody(world) : [];
      const down: Seat[] = [];
      world.nats.losePower(() => {
        down.push(...along.filter(({ process }) => process !== undefined));
        for (const seat of down) seat.crash();
      });
      return () => {
        world.nats.start();
        for (const seat of down) seat.start();
      };
    },
  },
  /** A stream has no leader: it takes and answers nothing. */
  'stream-election': {
    weight: 2,
    begin: (world, chance) => {
      const names = streamNames(fleet);
      const stream = world.nats.streams.get(
        chance.pick([names.log, names.commands, names.groups, names.pools, names.feed]),
      );
      if (stream === undefined) return forgotten;
      stream.stalledUntil = world.scheduler.now + chance.between(500, 8_000);
      world.scheduler.at(stream.stalledUntil, () => world.nats.feedReaders(stream));
      return () => {
        stream.stalledUntil = Math.min(stream.stalledUntil, world.scheduler.now);
        world.nats.feedReaders(stream);
      };
    },
  },
  /** A wall clock is set, forward or back. */
  skew: {
    weight: 1,
    begin: (world, chance) => {
      anybody(world, chance).setSkew(Math.floor(chance.between(-4_000, 4_000)));
      return forgotten;
    },
  },
  /** A gateway fails its own health checks. */
  sick: {
    weight: 1,
    begin: (world, chance) => {
      const { driver } = chance.pick([...world.gateways.values()]);
      if (driver !== undefined) driver.isSick = true;
      return () => {
        if (driver !== undefined) driver.isSick = false;
      };
    },
  },
  /** A balancer answers nothing, or loses its memory. */
  'balancer-trouble': {
    weight: 1,
    begin: (world, chance) => {
      const { driver } = chance.pick(world.balancers);
      if (driver === undefined) return forgotten;
      if (chance.happens(0.5)) driver.loseMemory();
      else driver.isStuck = true;
      return () => {
        driver.isStuck = false;
      };
    },
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

/** How long one lasts, milliseconds. */
const lastsMs = { least: 50, most: 9_000 } as const;
const both = { toServer: true, toClient: true } as const;

export interface PlannedFault {
  /** From 0, by the seed's plan: it names this one also where others of the plan are left out. */
  readonly number: number;
  readonly name: FaultName;
  readonly at: number;
  readonly lastsMs: number;
}

/** Which faults, and when: before `until`, all over by then. */
export function planFaults(
  chance: Chance,
  { names, until, most }: { readonly names: readonly FaultName[]; readonly until: number; readonly most: number },
): PlannedFault[] {
  const bag = names.flatMap((name) => Array.from({ length: faults[name].weight }, () => name));
  const count = bag.length === 0 ? 0 : chance.whole(1, most);
  return Array.from({ length: count }, (_, number) => {
    const own = chance.fork(`fault ${number}`);
    const at = own.between(500, until);
    // Most are short, as most are.
    const length = lastsMs.least + (lastsMs.most - lastsMs.least) * own.next() ** 2;
    return { number, name: own.pick(bag), at, lastsMs: Math.min(length, until - at) };
  });
}

function weather(weight: number, change: (chance: Chance) => Partial<World['nats']['weather']>): Fault {
  return {
    weight,
    begin: (world, chance) => {
      const { weather: now } = world.nats;
      const changed = change(chance);
      const before = { ...now };
      Object.assign(now, changed);
      return () => {
        for (const key of Object.keys(changed) as (keyof typeof now)[]) Object.assign(now, { [key]: before[key] });
      };
    },
  };
}

function everybody({ coordinators, gateways, balancers }: World): readonly Seat[] {
  return [...coordinators, ...gateways.values(), ...balancers];
}

function anybody(world: World, chance: Chance): Seat {
  return chance.happens(0.4) ? leader(world, chance) : chance.pick(everybody(world));
}

function leader({ coordinators }: World, chance: Chance): Seat {
  return coordinators.find(({ coordinator }) => coordinator?.role === 'leader') ?? chance.pick(coordinators);
}
