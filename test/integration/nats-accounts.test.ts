/** A whole fleet on a NATS server that asks everybody who he is, told by `muster nats accounts` what each may. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GroupName, Principal, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { runBalancer } from '../../services/balancer/run.ts';
import { runCoordinator } from '../../services/coordinator/run.ts';
import { type RunningDashboard, runDashboard } from '../../services/dashboard/run.ts';
import { runGateway } from '../../services/gateway/run.ts';
import { connectMuster, type Muster } from '../../src/client/muster.ts';
import { accountsOf, accountsText } from '../../src/nats/accounts.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { newFleet } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const fleet = newFleet();
const sample = new URL('../../services/cli/samples/hello', import.meta.url).pathname;
const group = GroupName.parse('Production');
const web1Id = ServerId.parse('web1');
const principals = ['coordinator', 'alice', 'dashboard', 'srv_web1', 'srv_web2', 'bal_lb1', 'on', '10k'];

let directory: string;
let nats: NatsServer;
let alice: Muster;
let dashboard: RunningDashboard;
const running: { stop(): Promise<unknown> }[] = [];

const as = (user: string) => ({ credentials: { user, pass: `secret of ${user}` } });
const busOf = (principal: string): Promise<Bus> =>
  connectBus({ url: nats.url, ...as(principal), principal, clock: systemClock });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'muster-accounts-'));
  const config = principals.reduce(
    (text, principal) =>
      text.replace(
        new RegExp(`(user: "${principal}", password: )\\$\\w+`),
        (_, head) => `${head}"secret of ${principal}"`,
      ),
    accountsText(accountsOf(fleet, principals)),
  );
  nats = await startNats({ config });
  const shared = { fleet, natsUrl: nats.url };
  const data = (name: string) => ({ dataDirectory: join(directory, name) });
  running.push(
    await runCoordinator({
      natsUrl: nats.url,
      natsAccess: as('coordinator'),
      fleets: [fleet],
      ...data('coordinator'),
      allowNotDurable: true,
    }),
    await runBalancer({
      name: 'lb1',
      kind: 'file',
      command: 'true',
      ...shared,
      natsAccess: as('bal_lb1'),
      ...data('lb1'),
    }),
    await runGateway(
      {
        name: 'web1',
        listen: '127.0.0.1:0',
        beatIntervalMs: 100,
        ...shared,
        natsAccess: as('srv_web1'),
        ...data('web1'),
      },
      silentLogger,
    ),
  );
  dashboard = await runDashboard(
    { port: 0, ...shared, natsAccess: as('dashboard'), ...data('dashboard') },
    silentLogger,
  );
  running.push(dashboard);
  alice = await connectMuster({ url: nats.url, ...as('alice'), fleet, principal: 'alice' });
});
afterAll(async () => {
  await alice?.close();
  for (const { stop } of running.reverse()) await stop();
  await nats?.stop();
  await rm(directory, { recursive: true, force: true });
});

const told = async (): Promise<string[]> => {
  const types: string[] = [];
  for await (const { type } of alice.events({ from: 1, follow: false })) types.push(type);
  return types;
};

describe('a fleet whose NATS asks everybody who he is', () => {
  it('takes a server into traffic and out again, with all that each may do and nothing refused', async () => {
    await eventually(async () => (await alice.query('servers', {}).catch(() => undefined))?.status === 'ok', {
      what: 'a coordinator that answers',
      timeoutMs: 20_000,
    });
    await eventually(async () => JSON.stringify(await alice.query('servers', {})).includes('web1'), { what: 'web1' });
    expect(await alice.publishProject(sample, '1.0.0')).toMatchObject({ outcome: { status: 'accepted' } });
    expect(
      await alice.send('deployment.request', {
        group,
        project: ProjectId.parse('hello'),
        version: ProjectVersion.parse('1.0.0'),
      }),
    ).toMatchObject({ status: 'accepted' });
    const joined = await alice.send('server.join', { server: web1Id, group });
    if (joined.status !== 'accepted') throw new Error(JSON.stringify(joined));
    const inTraffic = { status: 'in-traffic' };
    expect(await alice.wait(joined.position, { group, timeoutMs: 20_000 })).toMatchObject(inTraffic);
    const left = await alice.send('server.leave', { server: web1Id });
    if (left.status !== 'accepted') throw new Error(JSON.stringify(left));
    expect(await alice.wait(left.position, { group, timeoutMs: 20_000 })).toMatchObject(inTraffic);
    await eventually(async () => (await told()).includes('balancer.registered'), { what: 'the balancer to register' });
    const created = await fetch(`${dashboard.url}/v1/commands/group/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ group: 'Core' }),
    });
    expect(await created.json()).toMatchObject({ status: 'accepted' });
    expect(await told()).toEqual(expect.arrayContaining(['server.ready', 'server.left']));
    expect(nats.log()).not.toMatch(/violation/i);
  });
});

describe('two who bring in one bundle at once', () => {
  it('are both told that it is there, and whoever came second may clear away his part', async () => {
    const bus = await busOf('alice');
    const bundles = bus.objects(streamNames(fleet).bundles);
    // Of several chunks, so that both have looked whether it is there before either has stored it.
    const data = Buffer.alloc(1024 * 1024, 'a');
    const put = () => bundles.put('f'.repeat(64), data);
    expect((await Promise.all([put(), put()])).sort()).toEqual(['present', 'stored']);
    await bus.close();
  });
});

describe('a gateway that was taken over', () => {
  it('speaks for no other server', async () => {
    const web1 = await busOf('srv_web1');
    const forged = { subject: subjects.beat(fleet, ServerId.parse('web2')), data: Buffer.from('{}'), timeoutMs: 2_000 };
    await expect(web1.request(forged)).rejects.toMatchObject({ code: 'not-permitted' });
    await web1.close();
  });

  it('has no answer written into the log, neither by JetStream nor by the coordinator', async () => {
    const { groups } = streamNames(fleet);
    const before = (await told()).length;
    const web1 = await busOf('srv_web1');
    const reply = subjects.log(fleet);
    const own = subjects.assignment(fleet, web1Id);
    web1.publish({ subject: `$JS.API.DIRECT.GET.${groups}.${own}`, data: Buffer.alloc(0), reply });
    web1.publish({
      subject: subjects.do(fleet, Principal.parse('srv_web1'), 'group.create'),
      data: Buffer.from('{}'),
      reply,
    });
    await web1.flush();
    // A foreign record would have ended the coordinator that reads it.
    const outcome = await alice.send('group.create', { group: GroupName.parse('Edge') });
    expect(outcome).toMatchObject({ status: 'accepted', position: before + 2 });
    await eventually(async () => (await told()).length === before + 2, { what: 'the feed to follow' });
    expect((await told()).slice(before)).toEqual(['command.rejected', 'group.created']);
    await web1.close();
  });
});
