/** What seeds have found, each told alone, so that it is not for a seed to find again. */
import { describe, expect, it } from 'vitest';
import type { GroupId, GroupName, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import { isRevisionSubject, subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { Failure } from '../../src/std/failure.ts';
import { decode, encode } from '../../src/wire/codec.ts';
import { but } from '../support/but.ts';
import { unrestIn } from './oracle/rest.ts';
import { fleet } from './world/stage.ts';
import { Story } from './world/story.ts';
import { type Mutation, World } from './world/world.ts';

const production = 'Production' as GroupName;
const orders = { project: 'orders' as ProjectId, version: '1.0' as ProjectVersion };
const server = 's1' as ServerId;
/** Gives a world two coordinators. */
const seedOfTwo = 1;

/** A fleet of whatever size the seed gives it, with `s1` in Production, serving. */
async function settledFleet({ seed = 1, mutation }: { seed?: number; mutation?: Mutation } = {}) {
  const story = new Story({ isTold: true });
  const world = new World({ seed, story, mutation });
  const run = (ms: number) => world.scheduler.run(world.scheduler.now + ms, () => story.failure !== undefined);
  const until = async (isSo: () => boolean, boundMs: number) => {
    for (let ms = 0; ms < boundMs && !isSo(); ms += 1) await run(1);
    expect(isSo(), story.lines.slice(-40).join('\n')).toBe(true);
  };
  world.start();
  await run(1_000);
  const [client] = world.clients;
  if (client === undefined) throw new Error('a world has clients');
  client.publish(orders.project, orders.version);
  await run(200);
  client.ask('deployment.request', { group: production, ...orders });
  client.ask('server.join', { server, group: production });
  const gateway = world.gateways.get(server);
  if (gateway === undefined) throw new Error(`a world has ${server}`);
  await until(() => unrestIn(world) === undefined && gateway.driver?.served.length === 1, 5_000);
  return { world, story, client, gateway, run, until };
}

describe('what seeds have found', () => {
  it('finds the pool of a new group though its first word is lost on the way to the balancer', async () => {
    const { world, client, run, until } = await settledFleet();
    world.nats.weather.lose = 1;
    client.ask('group.create', { group: 'Edge' as GroupName });
    await run(300);
    world.nats.weather.lose = 0;
    const edge = 'edge' as GroupId;
    await until(() => world.balancers.every(({ driver }) => driver?.poolByGroup.has(edge)), 20_000);
  });

  it('takes the pool of a group of which a balancer that has just begun heard an entry alone', async () => {
    let isHalfDeaf = false;
    const balancer = (bus: Bus): Bus =>
      but(bus, {
        get: async (...asked) => {
          if (isHalfDeaf) throw new Failure({ code: 'timeout', retryable: true, message: 'no answer' });
          return bus.get(...asked);
        },
        subscribe: ({ subject, onMessage }) =>
          bus.subscribe({
            subject,
            onMessage: (message) => {
              if (!isHalfDeaf || !isRevisionSubject(message.subject)) onMessage(message);
            },
          }),
      });
    const { world, client, run, until } = await settledFleet({ mutation: { balancer } });
    isHalfDeaf = true;
    for (const seat of world.balancers) {
      seat.crash();
      seat.disk.wipe();
      seat.start();
    }
    await run(50);
    client.ask('server.configure', { server, weight: 7 });
    await run(300);
    isHalfDeaf = false;
    const group = 'production' as GroupId;
    await until(() => world.balancers.every(({ driver }) => driver?.poolByGroup.has(group)), 20_000);
  });

  it('drops what it serves though it was killed between leaving its group and dropping it', async () => {
    const { client, gateway, run, until } = await settledFleet();
    client.ask('server.leave', { server });
    const { disk } = gateway;
    await until(() => disk.holdings.assignment?.group === null && disk.holdings.held.length > 0, 5_000);
    gateway.crash();
    gateway.start();
    await run(50);
    await until(() => gateway.driver?.served.length === 0 && disk.holdings.held.length === 0, 10_000);
  });

  it('takes commands another leader consumed and purged while it asked after its own for no loss', async () => {
    // The status of COMMANDS is a long time coming to whoever wants to lead.
    let isSlow = false;
    let release: () => void = () => undefined;
    const asked = () => new Promise<void>((resolve) => (release = resolve));
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        streamStatus: async (name) => {
          if (isSlow && name === streamNames(fleet).commands) {
            isSlow = false;
            await asked();
          }
          return bus.streamStatus(name);
        },
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    const leader = world.coordinators.find((seat) => seat.coordinator?.role === 'leader');
    isSlow = true;
    leader?.crash();
    await until(() => !isSlow, 8_000);
    leader?.start();
    await until(() => leader?.coordinator?.role === 'leader', 8_000);
    for (const group of ['Edge', 'Core']) client.ask('group.create', { group: group as GroupName });
    await run(5_000);
    release();
    await run(1_000);
    expect(world.coordinators.map(({ verdict }) => verdict?.message)).toEqual(world.coordinators.map(() => undefined));
    await until(() => unrestIn(world) === undefined, 10_000);
  });

  it.each(['log', 'commands'] as const)('names the %s that went back under those who run', async (which) => {
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo });
    const before = world.scheduler.now;
    await run(500);
    for (const group of ['Edge', 'Core']) client.ask('group.create', { group: group as GroupName });
    await run(500);
    world.nats.stop();
    expect(world.nats.streams.get(streamNames(fleet)[which])?.goBack(before)).toBe(true);
    world.nats.start();
    const codes = () => world.coordinators.map(({ verdict }) => verdict?.code);
    await until(() => codes().every((code) => code !== undefined), 20_000);
    expect(codes()).toEqual(world.coordinators.map(() => 'log-regressed'));
  });

  it('names commands that went back also where the log goes on meanwhile', async () => {
    const names = streamNames(fleet);
    let ask: (() => void) | undefined;
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        streamStatus: async (name) => {
          const status = await bus.streamStatus(name);
          if (name !== names.commands || ask === undefined) return status;
          const { lastSequence } = await bus.streamStatus(names.log);
          ask();
          for (let looks = 0; looks < 1_000; looks += 1) {
            if ((await bus.streamStatus(names.log)).lastSequence > lastSequence) break;
          }
          return status;
        },
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    const leader = world.coordinators.find((seat) => seat.coordinator?.role === 'leader');
    const before = world.scheduler.now;
    await run(500);
    client.ask('group.create', { group: 'Edge' as GroupName });
    await run(500);
    let asked = 0;
    ask = () => {
      asked += 1;
      client.ask('group.create', { group: `Core${asked}` as GroupName });
    };
    world.nats.stop();
    expect(world.nats.streams.get(names.commands)?.goBack(before)).toBe(true);
    world.nats.start();
    await until(() => leader?.verdict !== undefined, 20_000);
    expect([leader?.verdict?.code, asked > 0]).toEqual(['log-regressed', true]);
  });

  it('publishes again what a stream that went back has lost', async () => {
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo });
    const before = world.scheduler.now;
    await run(500);
    client.ask('server.drain', { server });
    await until(() => world.truth.state.serverById.get(server)?.member?.cordon?.drained === true, 10_000);
    await until(() => unrestIn(world) === undefined, 10_000);
    world.nats.stop();
    const { groups, pools } = streamNames(fleet);
    for (const name of [groups, pools]) expect(world.nats.streams.get(name)?.goBack(before)).toBe(true);
    world.nats.start();
    await until(() => unrestIn(world) === undefined, 20_000);
  });

  it('misses what a stream has lost though its leader is yet to be found, and ends no reign for that', async () => {
    const names = streamNames(fleet);
    const unanswered = new Map<string, number>();
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        streamStatus: async (name) => {
          const left = unanswered.get(name) ?? 0;
          if (left === 0) return bus.streamStatus(name);
          unanswered.set(name, left - 1);
          const code = left % 2 === 0 ? 'timeout' : 'unavailable';
          throw new Failure({ code, retryable: true, message: `${name} elects its leader` });
        },
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    const cut = async (work: () => void) => {
      world.nats.stop();
      for (const name of [names.groups, names.pools]) unanswered.set(name, 2);
      work();
      world.nats.start();
      await until(() => [...unanswered.values()].every((left) => left === 0), 20_000);
    };
    const { term } = world.truth.state;
    await cut(() => undefined);
    await run(3_000);
    expect(world.truth.state.term).toBe(term);
    const before = world.scheduler.now;
    await run(500);
    client.ask('server.drain', { server });
    await until(() => world.truth.state.serverById.get(server)?.member?.cordon?.drained === true, 10_000);
    await until(() => unrestIn(world) === undefined, 10_000);
    await cut(() => {
      for (const name of [names.groups, names.pools]) expect(world.nats.streams.get(name)?.goBack(before)).toBe(true);
    });
    await until(() => unrestIn(world) === undefined, 20_000);
  });

  it('takes the word of a server that leads a stream no more for no loss', async () => {
    const commands = streamNames(fleet).commands;
    let isArmed = false;
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        streamStatus: async (name) => {
          const status = await bus.streamStatus(name);
          if (name !== commands || !isArmed) return status;
          isArmed = false;
          return { ...status, lastSequence: 1 };
        },
      });
    const { world, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    isArmed = true;
    world.coordinators.find((seat) => seat.coordinator?.role === 'leader')?.crash();
    await until(() => !isArmed, 8_000);
    for (const seat of world.coordinators) seat.start();
    await until(() => unrestIn(world) === undefined, 10_000);
    expect(world.coordinators.map(({ verdict }) => verdict?.message)).toEqual(world.coordinators.map(() => undefined));
  });

  it('tries again where another has led and published before its own reign had begun', async () => {
    const { world, story, until } = await settledFleet({ seed: seedOfTwo });
    const groups = world.nats.streams.get(streamNames(fleet).groups);
    const last = groups?.history.at(-1);
    if (groups === undefined || last === undefined) throw new Error('a settled fleet has told somebody something');
    for (const seat of world.coordinators) seat.crash();
    const told = decode(last.data) as { readonly term: number };
    groups.store({ ...last, data: encode({ ...told, term: told.term + 2 }) }, undefined);
    for (const seat of world.coordinators) seat.start();
    await until(() => world.coordinators.some(({ coordinator }) => coordinator?.role === 'leader'), 20_000);
    await until(() => world.truth.state.term >= told.term + 2, 20_000);
    const ended = story.lines.filter((line) => line.includes('has ended'));
    expect(ended, story.lines.slice(-20).join('\n')).toEqual([]);
  });

  it('starts a coordinator while a stream elects its leader, in one life', async () => {
    const { world, story, run, until } = await settledFleet({ seed: seedOfTwo });
    const [seat] = world.coordinators;
    const log = world.nats.streams.get(streamNames(fleet).log);
    if (seat === undefined || log === undefined) throw new Error('a world has coordinators and a log');
    seat.crash();
    await run(100);
    log.stalledUntil = world.scheduler.now + 9_000;
    world.scheduler.at(log.stalledUntil, () => world.nats.feedReaders(log));
    seat.start();
    await until(() => seat.coordinator !== undefined, 20_000);
    expect(
      story.lines.filter((line) => line.includes('has ended')),
      story.lines.slice(-20).join('\n'),
    ).toEqual([]);
  });

  it('asks once more for a record that came garbled, before it calls the log broken', async () => {
    let isArmed = false;
    const log = streamNames(fleet).log;
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        async *read(options) {
          for await (const message of bus.read(options)) {
            const isGarbled = isArmed && options.stream === log;
            if (isGarbled) isArmed = false;
            yield isGarbled ? { ...message, data: message.data.toReversed() } : message;
          }
        },
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    isArmed = true;
    client.ask('group.create', { group: 'Edge' as GroupName });
    await until(() => !isArmed, 5_000);
    await run(1_000);
    expect(world.coordinators.map(({ verdict }) => verdict?.message)).toEqual(world.coordinators.map(() => undefined));
    await until(() => unrestIn(world) === undefined, 10_000);
  });

  it('decides nothing in place of commands that went back, though who holds them is long to be found', async () => {
    const { commands } = streamNames(fleet);
    let isElecting = false;
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        streamStatus: (name) => (isElecting && name === commands ? unanswered(name) : bus.streamStatus(name)),
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    const before = world.scheduler.now;
    await run(500);
    for (const group of ['Edge', 'Core']) client.ask('group.create', { group: group as GroupName });
    await until(() => ['edge', 'core'].every((group) => world.truth.state.groupById.has(group as GroupId)), 2_000);
    await run(500);
    const { position } = world.truth.state;
    world.nats.stop();
    expect(world.nats.streams.get(commands)?.goBack(before)).toBe(true);
    isElecting = true;
    world.nats.start();
    // The first two get the numbers of those that were lost, and the third the one that is read next.
    for (const group of ['Shore', 'Hill', 'Rim']) client.ask('group.create', { group: group as GroupName });
    await run(4_000);
    isElecting = false;
    const codes = () => world.coordinators.map(({ verdict }) => verdict?.code);
    await until(() => codes().every((code) => code !== undefined), 30_000);
    expect(codes()).toEqual(world.coordinators.map(() => 'log-regressed'));
    expect(world.truth.state.position).toBe(position);
  });

  it('puts no command into the log that was taken, and is lost before the log held it', async () => {
    const names = streamNames(fleet);
    let isUnanswered = false;
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        store: (one) =>
          isUnanswered && one.subject === subjects.log(fleet) ? unanswered(one.subject) : bus.store(one),
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    const before = world.scheduler.now;
    await run(500);
    isUnanswered = true;
    client.ask('group.create', { group: 'Edge' as GroupName });
    await run(500);
    client.crash();
    world.nats.stop();
    expect(world.nats.streams.get(names.commands)?.goBack(before)).toBe(true);
    isUnanswered = false;
    world.nats.start();
    await run(2_000);
    // Gets the number of the one that was lost.
    const [, bob] = world.clients;
    bob?.ask('group.create', { group: 'Core' as GroupName });
    await until(() => world.truth.state.groupById.has('core' as GroupId), 40_000);
    await run(2_000);
    expect(world.truth.state.groupById.has('edge' as GroupId)).toBe(false);
    expect(world.coordinators.map(({ verdict }) => verdict?.message)).toEqual(world.coordinators.map(() => undefined));
  });

  it('gives no term a second time that it only heard of, where the log lost all there was of it', async () => {
    const names = streamNames(fleet);
    let isBehind = false;
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        async *read(options) {
          for await (const message of bus.read(options)) if (!isBehind || options.stream !== names.log) yield message;
        },
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    const leader = world.coordinators.find((seat) => seat.coordinator?.role === 'leader');
    const other = world.coordinators.find((seat) => seat !== leader);
    if (leader === undefined || other === undefined) throw new Error('a world has two coordinators');
    const before = world.scheduler.now;
    await run(500);
    isBehind = true;
    client.ask('group.create', { group: 'Edge' as GroupName });
    await until(() => world.truth.state.groupById.has('edge' as GroupId), 2_000);
    await run(2_000);
    client.crash();
    leader.crash();
    world.nats.stop();
    for (const name of [names.commands, names.log]) {
      const stream = world.nats.streams.get(name);
      expect(stream?.goBack(before)).toBe(true);
      if (stream !== undefined) world.nats.onTakenBack(stream);
    }
    isBehind = false;
    world.nats.start();
    await until(() => other.verdict !== undefined || other.coordinator?.role === 'leader', 60_000);
    expect(other.verdict).toMatchObject({ code: 'log-regressed', message: expect.stringContaining(leader.name) });
  });

  it('writes no further where the log lost a record and another leader has put one in its place', async () => {
    const names = streamNames(fleet);
    let silenced: string | undefined;
    const coordinator = (bus: Bus): Bus =>
      but(bus, {
        store(one) {
          if (silenced === undefined || one.subject !== subjects.log(fleet)) return bus.store(one);
          const { writer } = decode(one.data) as { readonly writer: string };
          return writer.startsWith(silenced) ? unanswered(one.subject) : bus.store(one);
        },
        // What the next leader publishes comes too late to tell the old one of it.
        async *read(options) {
          for await (const message of bus.read(options)) {
            const isPublished = options.stream === names.groups || options.stream === names.pools;
            if (!isPublished || (decode(message.data) as { readonly term: number }).term === 1) yield message;
          }
        },
      });
    const { world, client, run, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
    const leader = world.coordinators.find((seat) => seat.coordinator?.role === 'leader');
    const other = world.coordinators.find((seat) => seat !== leader);
    if (leader === undefined || other === undefined) throw new Error('a world has two coordinators');
    other.crash();
    await run(500);
    const before = world.scheduler.now;
    await run(500);
    client.ask('group.create', { group: 'Edge' as GroupName });
    await until(() => world.truth.state.groupById.has('edge' as GroupId), 2_000);
    await run(500);
    const lost = world.truth.cursor.sequence;
    // What is under way when the power goes is what it would go on with.
    silenced = leader.name;
    client.ask('group.create', { group: 'Core' as GroupName });
    await run(200);
    client.crash();
    leader.setCut({ toServer: true, toClient: true });
    world.nats.stop();
    for (const name of [names.commands, names.log]) {
      const stream = world.nats.streams.get(name);
      expect(stream?.goBack(before)).toBe(true);
      if (stream !== undefined) world.nats.onTakenBack(stream);
    }
    const log = world.nats.streams.get(names.log);
    expect(log?.lastSequence).toBe(lost - 1);
    // Nobody asks the new leader for anything, nor does the old one hear of it.
    world.nats.weather.lose = 1;
    world.nats.start();
    other.start();
    await until(() => other.coordinator?.role === 'leader', 20_000);
    expect(log?.lastSequence).toBe(lost);
    silenced = undefined;
    leader.setCut({ toServer: false, toClient: false });
    await run(3_000);
    world.nats.weather.lose = 0;
    await until(() => leader.verdict !== undefined, 30_000);
    client.start();
    await run(1_000);
    client.ask('group.create', { group: 'Shore' as GroupName });
    await run(5_000);
    const since = (log?.history ?? []).slice(lost - 1).map(({ data }) => decode(data) as { readonly writer: string });
    expect(since.filter(({ writer }) => !writer.startsWith(other.name))).toEqual([]);
    expect(other.verdict?.message).toBeUndefined();
    expect(other.coordinator?.state.groupById.has('shore' as GroupId)).toBe(true);
  });

  it.each(['start', 'stand by'] as const)(
    'waits for no record the log lost since it said where it ends: those who %s',
    async (who) => {
      const { log } = streamNames(fleet);
      let isArmed = false;
      const coordinator = (bus: Bus): Bus =>
        but(bus, {
          streamStatus: async (name) => {
            const status = await bus.streamStatus(name);
            if (name !== log || !isArmed) return status;
            isArmed = false;
            return { ...status, lastSequence: status.lastSequence + 1 };
          },
        });
      const { world, until } = await settledFleet({ seed: seedOfTwo, mutation: { coordinator } });
      const leads = world.coordinators.find((seat) => seat.coordinator?.role === 'leader');
      const other = world.coordinators.find((seat) => seat !== leads);
      if (leads === undefined || other === undefined) throw new Error('a world has two coordinators');
      const seat = who === 'start' ? other : leads;
      seat.crash();
      isArmed = true;
      if (who === 'start') seat.start();
      await until(() => !isArmed, 10_000);
      await until(
        () => (who === 'start' ? other.coordinator !== undefined : other.coordinator?.role === 'leader'),
        30_000,
      );
      expect(other.verdict?.message).toBeUndefined();
    },
  );
});

function unanswered(what: string): Promise<never> {
  return Promise.reject(new Failure({ code: 'timeout', retryable: true, message: `${what}: no answer` }));
}
