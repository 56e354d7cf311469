/** The command line over the history of a real fleet: log, why, audit and `--at`, on the stream and on an export. */
import { writeFile } from 'node:fs/promises';
import { AckPolicy, connect, DeliverPolicy } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { generateSigningKey, pemOf } from '../../src/proof/keys.ts';
import { runCli, runCliUnread } from '../support/command-line.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { scratchFolder } from '../support/export-tampering.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { type ScriptedFleet, scriptedFleet } from '../support/scripted-fleet.ts';

const fleet = newFleet();
const key = generateSigningKey();
let nats: NatsServer;
let bus: Bus;
let running: TestCoordinator;
let play: ScriptedFleet;
let folder: Awaited<ReturnType<typeof scratchFolder>>;
/** Positions told below. */
const at = { joined: 0, refused: 0, deployed: 0, end: 0 };

const muster = (...args: string[]) => runCli(['--nats', nats.url, '--fleet', fleet, ...args]);
const asJson = async (...args: string[]) => {
  const { stdout, stderr, code } = await muster(...args, '-o', 'json');
  return { code, stderr, data: stdout === '' ? undefined : JSON.parse(stdout) };
};
async function logged(...args: string[]): Promise<Event[]> {
  const { stdout } = await muster('log', '-o', 'json', ...args);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'alice');
  folder = await scratchFolder();
  play = scriptedFleet(bus, fleet);
  const timing = { checkpointEvents: 10, checkpointMs: 200, housekeepingMs: 50 };
  running = await startCoordinator({ url: nats.url, fleet, timing, signer: { key } });
  await eventually(() => running.coordinator.role === 'leader');
  await play.register('s1', 9_001);
  await play.register('s2', 9_002);
  await play.ask('balancer.register', { balancer: 'b1', kind: 'haproxy', groups: 'all' }, 'bal_b1');
  const join = { server: 's1', group: 'Production', reason: 'more capacity' };
  at.joined = (await play.ask('server.join', join, 'ann')).position;
  at.refused = (await play.ask('server.join', { server: 's1', group: 'Nowhere' }, 'bob')).position;
  await play.ask('project.publish', { project: 'orders', version: '1', digest: 'a'.repeat(64), bytes: 1 }, 'bob');
  at.deployed = (
    await play.ask('deployment.request', { group: 'Production', project: 'orders', version: '1' }, 'bob')
  ).position;
  await play.ask('server.join', { server: 's2', group: 'Development' }, 'ann');
  // Nobody beats here: once all three are lost and that is signed, nothing more happens.
  at.end = await eventually(
    async () => {
      const types: string[] = [];
      const stream = streamNames(fleet).feed;
      const { lastSequence } = await bus.streamStatus(stream);
      for (let sequence = 1; sequence <= lastSequence; sequence += 1) {
        const message = await bus.get({ stream, sequence }, 'leader', 5_000);
        types.push(JSON.parse(Buffer.from(message?.data ?? '{}').toString()).type);
      }
      const isQuiet = types.filter((type) => /[.]lost$/.test(type)).length === 3;
      return isQuiet && types.at(-1) === 'log.checkpointed' ? lastSequence : undefined;
    },
    { timeoutMs: 30_000, what: 'quiet' },
  );
}, 60_000);
afterAll(async () => {
  await running?.stop();
  await bus?.close();
  await nats?.stop();
  await folder?.remove();
});

describe('muster log', () => {
  it('shows what is about one group, one server, one project, by one person, of some types', async () => {
    const positions = async (...args: string[]) => (await logged(...args)).map(({ position }) => position);
    const all = await logged('-n', '1000');
    expect(all.map(({ position }) => position)).toEqual(Array.from({ length: at.end }, (_, index) => index + 1));
    expect(await positions('--server', 's1', '--type', 'server.joined')).toEqual([at.joined]);
    expect(await positions('--project', 'orders', '--group', 'production')).toEqual([at.deployed]);
    expect(await positions('--rejected')).toEqual([at.refused]);
    const anns = await logged('--principal', 'ann');
    expect(anns.map(({ type }) => type)).toEqual(['server.joined', 'server.joined']);
    expect(anns[0]?.reason).toBe('more capacity');
  });

  it('shows the newest that match, up to so many, and a time between two', async () => {
    const [joined] = await logged('--type', 'server.joined', '--lines', '1');
    expect(joined).toMatchObject({ data: { server: 's2' } });
    const since = new Date(joined?.at ?? 0).toISOString();
    expect((await logged('--since', since)).every((event) => event.at >= (joined?.at ?? 0))).toBe(true);
    expect((await logged('--until', since)).at(-1)?.at).toBeLessThanOrEqual(joined?.at ?? 0);
  });

  it('is taken up again where it was left, without a gap or a repeat', async () => {
    const first = (await logged('-n', '1000')).slice(0, at.joined);
    const rest = await logged('--from', String(at.joined + 1));
    expect([...first, ...rest].map(({ position }) => position)).toEqual(
      Array.from({ length: at.end }, (_, index) => index + 1),
    );
  });
});

describe('what nobody reads on', () => {
  it('ends without a word where it is data, as under `head`', async () => {
    const ran = await runCliUnread(['--nats', nats.url, '--fleet', fleet, 'log', '--from', '1']);
    expect(ran).toEqual({ code: 141, stderr: '' });
  });
});

describe('the feed', () => {
  it('gives any JetStream consumer the events of one group, by subject alone', async () => {
    const stream = streamNames(fleet).feed;
    const client = await connect({ servers: nats.url });
    const filter_subject = `muster.${fleet}.event.group.production`;
    const durable_name = 'my-service';
    await (await client.jetstreamManager()).consumers.add(stream, {
      durable_name,
      filter_subject,
      deliver_policy: DeliverPolicy.All,
      ack_policy: AckPolicy.Explicit,
    });
    const consumer = await client.jetstream().consumers.get(stream, durable_name);
    const next = async () => (await consumer.next({ expires: 5_000 }))?.json<Event>();
    expect([await next(), await next()]).toMatchObject([
      { position: at.joined, type: 'server.joined', principal: 'ann', concerns: ['server.s1'] },
      { position: at.deployed, type: 'deployment.requested', principal: 'bob', concerns: ['project.orders'] },
    ]);
    await client.close();
  });
});

describe('muster why', () => {
  it('leads from the server to the command, and says what is waited for now', async () => {
    const { data, code } = await asJson('why', 'server', 's1');
    expect(code).toBe(0);
    expect(data.standing).toMatchObject({ status: 'lost, not in the pool of production' });
    expect(data.steps[0]).toMatchObject({ cause: { kind: 'observed' }, event: { type: 'server.lost' } });
    expect(data.steps.at(-1)).toMatchObject({
      cause: { kind: 'command' },
      event: { position: at.joined, principal: 'ann', reason: 'more capacity' },
    });
    const page = (await muster('why', 'server', 's1')).stdout;
    expect(page).toContain('(more capacity)');
    expect(page).toMatch(/^next {2}/m);
  });

  it('answers for a group, a deployment, a position, and for then', async () => {
    expect((await asJson('why', 'group', 'Production')).data.standing.next[0]).toContain('server s1');
    const deployment = (await asJson('why', 'deployment', 'orders', 'Production')).data;
    expect(deployment.steps.map(({ event }: { event: Event }) => event.position)).toContain(at.deployed);
    const refused = (await asJson('why', 'position', String(at.refused))).data;
    expect(refused.standing.status).toBe('refused (unknown-group)');
    const then = await asJson('why', 'server', 's1', '--at', String(at.joined - 1));
    expect(then.data.standing.status).toBe('available');
  });
});

describe('muster audit', () => {
  it('shows the public key, with which the log is proven up to its last checkpoint', async () => {
    const shown = await muster('audit', 'key');
    expect(shown.stdout).toBe(`${pemOf(key.publicKey).trimEnd()}\n`);
    await writeFile(folder.path('fleet.pub.pem'), shown.stdout);
    const verdict = await asJson('audit', 'verify', '--key', folder.path('fleet.pub.pem'));
    expect(verdict.data).toMatchObject({ status: 'whole', proven: { by: 'checkpoints', through: at.end - 1 } });
    const page = await muster('audit', 'verify', '--key', folder.path('fleet.pub.pem'));
    expect(page.stdout).toMatch(new RegExp(`proven .*up to position ${at.end - 1}, by checkpoints`));
    expect((await muster('audit', 'verify')).stdout).toContain('by nobody: give --key');
  });

  it('takes the log along in a file that answers and proves itself the same', async () => {
    const file = folder.path('fleet.ndjson.gz');
    await muster('audit', 'export', file);
    const live = (await asJson('why', 'position', String(at.deployed))).data;
    expect(await logged('--file', file, '-n', '1000')).toEqual(await logged('-n', '1000'));
    expect(await logged('--file', file, '--principal', 'ann')).toEqual(await logged('--principal', 'ann'));
    expect(await logged('--file', file, '--from', String(at.deployed))).toEqual(
      await logged('--from', String(at.deployed)),
    );
    const then = ['group', 'get', 'Production', '--at', String(at.refused)];
    expect((await asJson(...then, '--file', file)).data).toEqual((await asJson(...then)).data);
    const end = await asJson('server', 'list', '--file', file);
    expect(end.stderr).toContain(`as of position ${at.end}`);
    expect((await muster('log', '--file', file, '--follow')).code).toBe(2);
    const filed = (await asJson('why', 'position', String(at.deployed), '--file', file)).data;
    expect(filed.steps).toEqual(live.steps);
    expect((await muster('audit', 'key', '--file', file)).stdout).toBe((await muster('audit', 'key')).stdout);
    expect((await asJson('why', 'server', 's1', '--file', file)).data.standing.status).toBe(
      'lost, not in the pool of production',
    );
  });
});

describe('--at', () => {
  it('shows balancers and deployments as they were', async () => {
    const before = String(at.joined - 2);
    expect((await asJson('balancer', 'list', '--at', before)).data).toEqual([]);
    expect((await asJson('balancer', 'list', '--at', String(at.joined))).data).toMatchObject([{ balancer: 'b1' }]);
    expect((await asJson('deployment', 'list', '--at', String(at.joined))).data).toEqual([]);
    const group = ['--group', 'Production'];
    expect((await asJson('deployment', 'list', ...group)).data).toMatchObject([{ project: 'orders', version: '1' }]);
    expect((await asJson('deployment', 'list', '--at', String(at.deployed), ...group)).data).toHaveLength(1);
  });
});
