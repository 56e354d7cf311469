/** Rows 6, 7 and 8: what grows with the servers of a fleet, and how fast. */
import { createActor } from 'xstate';
import { serverMachine } from '../../src/server-machine/machine.ts';
import { commandRig } from './command-rig.ts';
import { compare, type Side } from './harness.ts';
import { heapInUse } from './heap.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import { type Line, number, type Row } from './report.ts';
import { type Size, sizes, type Story, storyOf } from './scale-story.ts';

const commandsAtOnce = 20_000;
const inFlight = 256;
const mebibyte = 1024 ** 2;

export const row06: Row = {
  number: 6,
  title: 'a deploy to all',
  onlyAs: 'scale',
  async run() {
    const lines: Line[] = [];
    for (const size of sizes) {
      const story = await storyOf(size);
      const { coordination: comparison, durability } = story;
      const ratio = size <= 1_000 ? 4 : 5;
      const note = `the servers hold both versions, as the floor fetches nothing either; agents and floor share the cores`;
      const what = `${size} servers from accepted to ready in the log : unicast, reply, an append each`;
      lines.push({ status: 'measured', what, comparison, target: { sense: 'at most', ratio }, durability, note });
      lines.push({ status: 'stated', what: `${size} servers, beside it`, figures: figuresOf(story) });
    }
    return lines;
  },
};

function figuresOf({ registeredMs, joinedMs, fetchedMs, beat, restart, resident, heapEach, size }: Story): string[] {
  const seconds = (ms: number) => `${number(ms / 1_000)} s`;
  const share = (microseconds: number) => `${number((microseconds / beat.everyMs) * (size / 10))} % of a core`;
  return [
    `agents started and registered in ${seconds(registeredMs)}; joined, until the pool holds all: ${seconds(joinedMs)}`,
    `a version that each has to fetch, until the last is ready: ${seconds(fetchedMs)}`,
    `a heartbeat, every ${beat.everyMs} ms: coordinator ${number(beat.coordinator)} µs (${share(beat.coordinator)}), NATS ${number(beat.nats)} µs (${share(beat.nats)})`,
    `coordinator: ${number(resident / mebibyte)} MiB resident, ${number(heapEach / 1024)} KiB of heap a server`,
    `killed and started again: log read in ${seconds(restart.readMs)}, commands taken after ${seconds(restart.leadsMs)}, the program's start included`,
  ];
}

export const row07: Row = {
  number: 7,
  title: 'growth',
  onlyAs: 'scale',
  run: async () => [await growth(100, 10_000), await commandsAtSizes()],
};

/** By how much work grows with servers: 1 is in step with them. */
async function growth(small: Size, large: Size): Promise<Line> {
  const [few, many] = [await storyOf(small), await storyOf(large)];
  const exponent = (value: (story: Story) => number) => Math.log(value(many) / value(few)) / Math.log(large / small);
  const of = {
    deploy: exponent(({ coordination }) => coordination.subject.value),
    'CPU of it': 1 + exponent(({ coordination }) => coordination.subject.cpuMicrosecondsPerOperation),
    join: exponent(({ joinedMs }) => joinedMs),
  };
  const figures = Object.entries(of).map(
    ([what, value]) => `${what}: exponent ${number(value)}, target at most 1.05: ${value <= 1.05 ? 'met' : 'MISSED'}`,
  );
  return { status: 'stated', what: `growth from ${small} to ${large} servers`, figures };
}

async function commandsAtSizes(): Promise<Line> {
  const [few, many] = [await natsAsItComes(), await natsAsItComes()];
  const what = `commands/s at 10,000 servers : at 100, ${inFlight} in flight`;
  if (few.status === 'missing') return { status: 'not measured', what, why: few.why };
  if (many.status === 'missing') return { status: 'not measured', what, why: many.why };
  const rigs = [await commandRig(few.server, { servers: 100 }), await commandRig(many.server, { servers: 10_000 })];
  const [small, large] = rigs.map((rig, at): Side => {
    const name = `${at === 0 ? 100 : 10_000} servers`;
    return { name, unit: 'commands/s', run: () => rig.coordinator.round({ commands: commandsAtOnce, inFlight }) };
  }) as [Side, Side];
  try {
    const comparison = await compare(large, small);
    const note = 'the servers are registered and beat not: heartbeats are row 6';
    const target = { sense: 'at least', ratio: 0.85 } as const;
    return { status: 'measured', what, comparison, target, durability: few.durability, note };
  } finally {
    for (const rig of rigs) await rig.stop();
    await few.server.stop();
    await many.server.stop();
  }
}

const actors = 10_000;

export const row08: Row = {
  number: 8,
  title: 'memory a server',
  onlyAs: 'scale',
  async run() {
    const { heapEach, durability } = await storyOf(10_000);
    const side = (name: string, value: () => number): Side => ({
      name,
      unit: 'KiB',
      run: async () => ({ value: value() / 1024, operations: actors, cpuMicroseconds: 0 }),
    });
    const subject = side('coordinator’s heap a server, at 10,000', () => heapEach);
    const comparison = await compare(subject, side('a started XState actor of the same chart', heapOfOneActor));
    const what = 'heap a server in the coordinator at 10,000 : heap of one started XState actor';
    return [{ status: 'measured', what, comparison, target: { sense: 'at most', ratio: 2 }, durability }];
  },
};

function heapOfOneActor(): number {
  const before = heapInUse();
  const started = Array.from({ length: actors }, () => createActor(serverMachine).start());
  const each = (heapInUse() - before) / actors;
  for (const actor of started) actor.stop();
  return each;
}
