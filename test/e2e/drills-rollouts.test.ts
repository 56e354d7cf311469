/** Drills on rollouts: a good version by each strategy, one that fails on its way, and a coordinator killed at every step. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CommandPayload } from '../../schemas/commands.ts';
import type { Event, EventData, EventType } from '../../schemas/events.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { type DrillFleet, group, startDrillFleet } from '../support/drill-fleet.ts';
import { type HaproxyWatch, watchHaproxy } from '../support/haproxy-counters.ts';
import type { SteadyLoad } from '../support/steady-load.ts';

type Rollout = NonNullable<CommandPayload<'deployment.request'>['rollout']>;

const names = ['gw1', 'gw2', 'gw3', 'gw4', 'gw5'];
/** Whoever is told in the second batch of two. */
const secondBatch = ['gw3', 'gw4'];
/** Short enough for a drill; each still has its time of watching. */
const quick = { minHealthyMs: 300, healthyDeadlineMs: 20_000, progressDeadlineMs: 40_000 } satisfies Rollout;
const inTwos = { ...quick, strategy: { kind: 'rolling', batch: 2 }, maxUnavailable: 2 } satisfies Rollout;
const blueGreen = { ...quick, strategy: { kind: 'blue-green', standby: 2, keepMs: 500 } } satisfies Rollout;
const waitMs = 60_000;
/** `DRILL_KILL_AT=events`: at whatever a server does on the way, too, and in each strategy. Minutes more, so not at every run. */
const killsAtEvents = process.env['DRILL_KILL_AT'] === 'events';
/** Each kill is a process that starts, on a busy machine. */
const killedWaitMs = killsAtEvents ? 170_000 : waitMs;

/** `outMax`: servers out of the pool at once, at the most. A blue-green is out by its own word: one of its two parts. */
const ways: readonly { readonly what: string; readonly outMax: number; readonly rollout: Rollout }[] = [
  {
    what: 'all at once, hot',
    outMax: 0,
    rollout: { ...quick, strategy: { kind: 'all-at-once' }, maxUnavailable: '100%', change: 'hot' },
  },
  { what: 'rolling in twos, drained first', outMax: 2, rollout: { ...inTwos, change: 'drain-first' } },
  {
    what: 'canary, drained first',
    outMax: 2,
    rollout: {
      ...inTwos,
      strategy: { kind: 'canary', steps: [{ servers: 1, bakeMs: 300 }, { servers: '60%' }], batch: 2 },
      change: 'drain-first',
    },
  },
  { what: 'blue-green', outMax: 3, rollout: blueGreen },
];

let drill: DrillFleet;
let load: SteadyLoad | undefined;
let haproxy: HaproxyWatch | undefined;
let upstream: Server;
/** What the upstream says at `/sick`. */
let isSick = false;
let published = 0;

beforeAll(async () => {
  upstream = await startUpstream();
  drill = await startDrillFleet({ kind: 'haproxy', gateways: names, policy: { drainTimeoutMs: 3_000 } });
});
afterEach(async () => {
  await load?.stop();
  await haproxy?.stop();
  load = undefined;
  haproxy = undefined;
});
afterAll(async () => {
  await drill?.stop();
  upstream.close();
});

describe('a good version', () => {
  it.each(ways)('$what: no request fails, and no more are out of the pool than may be', async ({ rollout, outMax }) => {
    await begin();
    const version = await publishNext();
    const position = await request(version, rollout);
    expect(await drill.fleet.muster.wait(position, { group, timeoutMs: waitMs })).toMatchObject({
      status: 'in-traffic',
    });
    await servedEverywhere(version);
    await endedWell();
    const counts = await haproxy?.stop();
    expect(counts?.looks).toBeGreaterThan(5);
    expect(counts).toMatchObject({ errors: 0 });
    expect(names.length - (counts?.takingMin ?? 0)).toBeLessThanOrEqual(outMax);
    expect(await outMost(position)).toBe(outMax);
  });
});

describe('a version that breaks its health check on the second batch', () => {
  it('is rolled back by itself, no request fails, and why names the server and its text', async () => {
    await begin();
    const before = await versionOf('gw1');
    const version = await publishNext(sickOnSecond);
    const position = await request(version, { ...inTwos, healthyDeadlineMs: 3_000 });
    expect(await drill.fleet.muster.wait(position, { group, timeoutMs: waitMs })).toMatchObject({
      status: 'failed',
      laggards: [{ reason: expect.stringMatching(/^rolled-back: .*gw3 \(hello@.* GET \/hello\/health answered 500/) }],
    });
    await servedEverywhere(before);
    await endedWell();
    expect(await haproxy?.stop()).toMatchObject({ errors: 0, takingMin: names.length });
    expect(told(await eventsOf(position))).toEqual(['advanced', 'advanced', 'failed', 'rolled-back']);
    const { code, out } = await drill.fleet.run('why', 'deployment', 'hello', group);
    expect(code).toBe(0);
    expect(out).toMatch(/gw3 .*GET \/hello\/health answered 500/);
  });
});

describe('a canary whose figures are worse', () => {
  const strategy: Rollout['strategy'] = { kind: 'canary', steps: [{ servers: 1, bakeMs: 15_000 }], batch: 1 };
  /** Its events, once it was rolled back by itself and everybody serves what was before. */
  const canaryOf = async (yaml: string, gate: Rollout) => {
    await begin();
    const before = await versionOf('gw1');
    const position = await request(await publishNext(() => yaml), { ...quick, strategy, ...gate });
    expect(await drill.fleet.muster.wait(position, { group, timeoutMs: waitMs })).toMatchObject({ status: 'failed' });
    await servedEverywhere(before);
    const events = await eventsOf(position);
    expect(told(events)).toEqual(['advanced', 'failed', 'rolled-back']);
    return events;
  };

  it('in failed requests is rolled back by itself, and nobody but the canary served it', async () => {
    const events = await canaryOf(failing, { errorRateMax: 0.05 });
    const [canary] = events.flatMap((event) => (event.type === 'rollout.advanced' ? [event.data.servers] : []));
    expect(failureIn(events)).toMatchObject({ cause: 'error-rate', failed: { figures: { old: { errors: 0 } } } });
    const { failures } = (await load?.stop()) ?? { failures: [] };
    expect(failures.length).toBeGreaterThan(0);
    for (const { what } of failures) expect(what).toContain(`/hello answered 500 by ${canary}`);
  });

  it('in latency is rolled back by itself, and no request fails', async () => {
    const failure = failureIn(await canaryOf(slower, { latencyRatioMax: 4 }));
    expect(failure).toMatchObject({
      cause: 'latency',
      reason: expect.stringMatching(/^new servers take .* ms in the mean, old ones/),
    });
    expect(failure?.failed.figures?.new.latencyMs).toBeGreaterThanOrEqual(slowerMs);
    await endedWell();
  });
});

describe('a release of which one project fails', () => {
  it('is rolled back with all of its projects, and no request fails', async () => {
    await begin();
    const [hello, orders] = [await versionOf('gw1'), await versionOf('gw1', '/orders')];
    const versions = [await publishNext(), await publishNext(() => sickOrders, 'orders')];
    const projects = versions.map((version, index) => ({ project: ['hello', 'orders'][index], version }));
    const rollout = { ...inTwos, maxUnavailable: 5, strategy: { kind: 'rolling', batch: 5 }, healthyDeadlineMs: 1_500 };
    const position = await drill.must('release.request', { group, projects, rollout } as never);
    expect(await drill.fleet.muster.wait(position, { group, timeoutMs: waitMs })).toMatchObject({
      status: 'failed',
      laggards: [{ reason: expect.stringContaining('GET /orders/health answered 503') }],
    });
    await servedEverywhere(hello);
    await servedEverywhere(orders, '/orders');
    await endedWell();
    const events = await eventsOf(position);
    expect(told(events)).toEqual(['advanced', 'advanced', 'failed', 'rolled-back']);
    expect(events.map((event) => ('target' in event.data ? event.data.target : '')).slice(0, 2)).toEqual([0, 1]);
  });
});

describe('what a person says of a rollout', () => {
  it('a halted one goes on by retry, one that pauses by promote, and rollback goes back long after', async () => {
    await begin();
    const before = await versionOf('gw1');
    const halts = await publishNext(sickWhileTold);
    isSick = true;
    const position = await request(halts, { ...inTwos, autoRollback: false, healthyDeadlineMs: 1_500 });
    expect(await says('rollout', 'status', 'hello', group)).toMatchObject({ code: 3, out: /halted.*answered 500/s });
    isSick = false;
    expect(await says('rollout', 'retry', 'hello', group, '--reason', 'it is well now')).toMatchObject({ code: 0 });
    await servedEverywhere(halts);
    expect(told(await eventsOf(position)).slice(0, 4)).toEqual(['advanced', 'failed', 'retried', 'advanced']);

    const canary = ['--strategy', 'canary', '--steps', '1:0s:pause', '--batch', '5', '--min-healthy', '300ms'];
    const promoted = await publishNext();
    expect(await says('deploy', `hello@${promoted}`, group, ...canary)).toMatchObject({ code: 5, out: /paused/ });
    expect((await Promise.all(names.map((name) => versionOf(name)))).filter((one) => one === promoted)).toHaveLength(1);
    expect(await says('rollout', 'promote', 'hello', group)).toMatchObject({ code: 0 });
    await servedEverywhere(promoted);

    const atOnce = ['--strategy', 'all-at-once', '--min-healthy', '0s', '--reason', 'a complaint'];
    expect(await says('rollback', 'deployment', 'hello', group, '--to', before, ...atOnce)).toMatchObject({ code: 0 });
    await servedEverywhere(before);
    await endedWell();
    expect((await drill.events('deployment.requested')).at(-1)).toMatchObject({
      reason: 'a complaint',
      data: { version: before },
    });
  });
});

describe('the coordinator killed with -9 at every step', () => {
  const advances = (count: number) => [...Array.from({ length: count }, () => 'advanced'), 'succeeded'];
  const drained: Rollout = { ...inTwos, change: 'drain-first' };
  const canary: Rollout = {
    ...inTwos,
    strategy: { kind: 'canary', steps: [{ servers: 1, bakeMs: 300 }, { servers: '60%' }], batch: 2 },
  };
  const atOnce: Rollout = { ...quick, strategy: { kind: 'all-at-once' }, maxUnavailable: '100%' };

  it.each([
    { what: 'a good version that drains first', rollout: drained, outMax: 2, steps: advances(3) },
    ...(killsAtEvents
      ? [
          { what: 'a canary', rollout: canary, outMax: 0, steps: advances(3) },
          { what: 'all at once', rollout: atOnce, outMax: 0, steps: advances(1) },
        ]
      : []),
  ])('of $what: it finishes', async ({ rollout, outMax, steps }) => {
    await begin();
    const version = await publishNext();
    const position = await request(version, rollout);
    expect(await killedAtEachStep(position)).toEqual(steps);
    await servedEverywhere(version);
    await endedWell();
    expect(await outMost(position)).toBeLessThanOrEqual(outMax);
  });

  it('of a blue-green: it finishes', async () => {
    await begin();
    const version = await publishNext();
    const position = await request(version, blueGreen);
    expect(await killedAtEachStep(position)).toEqual(['advanced', 'switched', 'advanced', 'succeeded']);
    await servedEverywhere(version);
    await endedWell();
    expect(await outMost(position)).toBeLessThanOrEqual(3);
  });

  it('of a version that is well but fails on its second batch what is probed: it rolls back, and why says so', async () => {
    await begin();
    const before = await versionOf('gw1');
    // A server shall fail by what is probed, not by how long its coordinator was away.
    const healthyDeadlineMs = killsAtEvents ? 40_000 : 6_000;
    const gates = { ...inTwos, healthyDeadlineMs, progressDeadlineMs: 80_000, probe: { path: '/{project}' } };
    const position = await request(await publishNext(wellButSickOnSecond), gates);
    expect(await killedAtEachStep(position)).toEqual(['advanced', 'advanced', 'failed', 'rolled-back']);
    await servedEverywhere(before);
    await endedWell();
    const { out } = await says('why', 'deployment', 'hello', group);
    expect(out).toMatch(/gw3 .*GET \/hello answered 500/);
  });
});

async function begin(): Promise<void> {
  await drill.settles(...names);
  load = await drill.load();
  haproxy = await watchHaproxy(join(drill.fleet.directory, 'haproxy', 'haproxy'), group);
}

async function endedWell(): Promise<void> {
  await drill.settles(...names);
  expect((await load?.stop())?.failures).toEqual([]);
}

function request(version: string, rollout: Rollout): Promise<number> {
  return drill.must('deployment.request', { group, project: 'hello', version, rollout } as never);
}

/** By the command line, as a person would. */
async function says(...words: string[]): Promise<{ readonly code: number; readonly out: string }> {
  const { code, out, err } = await drill.fleet.run(...words);
  return { code, out: out + err };
}

function failureIn(events: readonly Event[]): EventData<'rollout.failed'> | undefined {
  return events.find((event) => event.type === 'rollout.failed')?.data;
}

/** Everybody answers with this version, and nobody with another. */
async function servedEverywhere(version: string, path = '/hello'): Promise<void> {
  expect(await Promise.all(names.map((name) => versionOf(name, path)))).toEqual(names.map(() => version));
}

async function versionOf(name: string, path = '/hello'): Promise<string> {
  const response = await fetch(new URL(path, drill.fleet.gatewayOrigin(name)), {
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  return (response.headers.get('x-muster-project') ?? '').split('@')[1] ?? '';
}

async function publishNext(yaml: () => string = () => good, project = 'hello'): Promise<string> {
  published += 1;
  const version = `2.${published}.0`;
  await drill.publish(project, version, yaml());
  return version;
}

/** Events of the rollout asked for at this position, without the request. */
async function eventsOf(position: number): Promise<Event[]> {
  const found: Event[] = [];
  for await (const event of drill.fleet.muster.events({ from: position, follow: false })) {
    if (isOf(event, position)) found.push(event);
  }
  return found;
}

function isOf({ type, data }: Event, position: number): boolean {
  return type.startsWith('rollout.') && 'rollout' in data && data.rollout === position;
}

function told(events: readonly Event[]): string[] {
  return events.map(({ type }) => type.replace('rollout.', ''));
}

/** At the request, and at each event of its rollout, or of anybody while it goes on: the last of them ends it. */
async function killedAtEachStep(position: number): Promise<string[]> {
  const over: readonly EventType[] = ['rollout.succeeded', 'rollout.rolled-back'];
  const events: Event[] = [];
  const kill = async () => {
    await drill.coordinator.kill('SIGKILL');
    drill.coordinator = await drill.fleet.startCoordinator();
  };
  await kill();
  const signal = AbortSignal.timeout(killedWaitMs);
  for await (const event of drill.fleet.muster.events({ from: position, follow: true, signal })) {
    const isStep = isOf(event, position);
    if (!isStep && !(killsAtEvents && event.type.startsWith('server.'))) continue;
    await kill();
    if (!isStep) continue;
    events.push(event);
    if (over.includes(event.type)) break;
  }
  return told(events);
}

/** By the log: servers that took no new requests at once, at the most, since the position. */
async function outMost(since: number): Promise<number> {
  const state = emptyState();
  let most = 0;
  for await (const event of drill.fleet.muster.events({ from: 1, follow: false })) {
    evolve(state, event);
    const serving = state.groupById.get(group as never)?.servingCount ?? 0;
    if (event.position >= since) most = Math.max(most, names.length - serving);
  }
  return most;
}

const good = `name: hello
routes:
  - path: /hello
    respond: { body: hello }
`;

const failing = `name: hello
routes:
  - path: /hello
    respond: { status: 500, body: broken }
`;

const slowerMs = 60;
const slower = `name: hello
routes:
  - path: /hello
    respond: { body: hello, delayMs: ${slowerMs} }
`;

const sickOrders = `name: orders
health: /orders/health
routes:
  - path: /orders/health
    respond: { status: 503 }
  - path: /orders
    respond: { body: orders }
`;

const wellButSickOnSecond = () => `name: hello
health: /hello/health
routes:
  - path: /hello/health
    respond: { body: well }
  - path: /hello
    upstream: ${upstreamOrigin()}
`;

const sickWhileTold = () => `name: hello
health: /sick
routes:
  - path: /sick
    upstream: ${upstreamOrigin()}
  - path: /hello
    respond: { body: hello }
`;

const sickOnSecond = () => `name: hello
health: /hello/health
routes:
  - path: /hello/health
    upstream: ${upstreamOrigin()}
  - path: /hello
    respond: { body: hello }
`;

function upstreamOrigin(): string {
  return `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
}

/** Says of the second batch's gateways that they are not well; who asks stands in the forwarded host. `/sick` is so by word. */
async function startUpstream(): Promise<Server> {
  const server = createServer((asked, response) => {
    const host = String(asked.headers['x-forwarded-host']);
    const isOfSecond = secondBatch.some((name) => drill.fleet.gatewayOrigin(name).endsWith(host));
    const fails = asked.url === '/sick' ? isSick : isOfSecond;
    response.writeHead(fails ? 500 : 200).end(fails ? 'the database is not there' : 'well');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
