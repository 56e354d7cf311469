/** Drills on gateways: killed, told to stop, frozen, given what cannot work. Everybody else goes on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GroupName, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import { answer, balancerKinds, type DrillFleet, group, startDrillFleet } from '../support/drill-fleet.ts';
import { eventually } from '../support/eventually.ts';
import type { FleetProcess } from '../support/fleet-processes.ts';
import { atOnceForGood } from '../support/rollout-policies.ts';
import { lossesOf, type SteadyLoad } from '../support/steady-load.ts';

const names = ['gw1', 'gw2', 'gw3', 'gw4', 'gw5'];
/** Two heartbeats: a loss is noticed soon, and a busy machine is none. */
const leaseMs = 2_000;
/** What `kill -9` may add to the lease until the server is out of the pool. */
const noticeMs = 1_000;

describe.each(balancerKinds)('behind %s', (kind) => {
  let drill: DrillFleet;
  let load: SteadyLoad | undefined;

  beforeAll(async () => {
    drill = await startDrillFleet({ kind, gateways: names, policy: { leaseMs, rollout: atOnceForGood } });
  });
  afterEach(async () => {
    await load?.stop();
    load = undefined;
  });
  afterAll(() => drill?.stop());

  const gateway = (name: string) => drill.gatewayByName.get(name) as FleetProcess;
  const restart = async (name: string) => drill.gatewayByName.set(name, await drill.fleet.startGateway(name));
  const inPool = async (name: string) => (await drill.pool()).servers.some(({ server }) => server === name);
  const asked = (path: string, method?: string) => answer(drill.fleet.origin(group), path, method);

  it('a gateway killed with -9 fails only what was on it, and is out of the pool within its lease and a second', async () => {
    load = await drill.load();
    await gateway('gw1').kill('SIGKILL');
    const goneAt = Date.now();
    await eventually(async () => !(await inPool('gw1')), { what: 'it to be out of the pool' });
    expect(Date.now() - goneAt).toBeLessThan(leaseMs + noticeMs);
    await restart('gw1');
    await drill.settles(...names);
    const before = load.result.answersByServer.get('gw1') ?? 0;
    await eventually(() => (load?.result.answersByServer.get('gw1') ?? 0) > before + 20, { what: 'traffic on it' });
    const { failures } = await load.stop();
    expect(lossesOf(kind, failures).filter(({ beganAt }) => beganAt > goneAt)).toEqual([]);
  });

  it('a gateway told to stop with slow requests in flight fails none, and is back by itself', async () => {
    load = await drill.load();
    const slow = Array.from({ length: names.length * 3 }, (_, index) =>
      asked('/slow', index % 2 === 0 ? 'GET' : 'POST'),
    );
    await eventually(async () => ((await drill.server('gw2')).inFlight ?? 0) > 0, { what: 'a slow request on it' });
    await gateway('gw2').kill('SIGTERM');
    const answers = await Promise.all(slow);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answers.some(({ by }) => by === 'gw2')).toBe(true);
    expect(await inPool('gw2')).toBe(false);
    await restart('gw2');
    await drill.settles(...names);
    expect(lossesOf(kind, (await load.stop()).failures)).toEqual([]);
  });

  it('a bundle of bad bytes breaks nobody in the pool, and the reason is on the screen', async () => {
    load = await drill.load();
    const digest = 'b'.repeat(64);
    const bytes = Buffer.from('this is no bundle');
    await drill.fleet.muster.uploadBundle(digest, bytes).catch(() => undefined);
    const project = { project: 'hello' as ProjectId, version: '6.6.6' as ProjectVersion };
    await drill.must('project.publish', { ...project, digest: digest as never, bytes: bytes.length });
    await failsEverywhere(project);
    expect(lossesOf(kind, (await load.stop()).failures)).toEqual([]);
  });

  it('a version that fails its health check breaks nobody in the pool, and the reason is on the screen', async () => {
    load = await drill.load();
    await drill.publish('hello', '7.7.7', sickProject);
    await failsEverywhere({ project: 'hello' as ProjectId, version: '7.7.7' as ProjectVersion });
    expect(lossesOf(kind, (await load.stop()).failures)).toEqual([]);
  });

  /** Deploys it, sees it fail with the old one still answering, and goes back to the old one. */
  async function failsEverywhere(project: { project: ProjectId; version: ProjectVersion }): Promise<void> {
    const request = { group: group as GroupName, ...project };
    await drill.must('deployment.request', request);
    for (const name of names) {
      await eventually(async () => (await drill.server(name)).failures.length > 0, { what: `${name} to fail` });
    }
    const { code, out } = await drill.fleet.run('server', 'get', 'gw1' as ServerId);
    expect(code).toBe(0);
    expect(out).toContain(`${project.project}@${project.version}`);
    const [failure] = (await drill.server('gw1')).failures;
    expect(out).toContain(failure?.text.slice(0, 40));
    expect((await drill.pool()).servers.map(({ admin }) => admin)).toEqual(names.map(() => 'ready'));
    const { body } = await helloOf('gw1');
    expect(body).toContain('"version":"1.0.0"');
    await drill.must('deployment.request', { ...request, version: '1.0.0' as ProjectVersion });
    await drill.settles(...names);
  }

  async function helloOf(name: string): Promise<{ body: string }> {
    const response = await fetch(new URL('/hello', drill.fleet.gatewayOrigin(name)));
    return { body: await response.text() };
  }
});

const sickProject = `name: hello
health: /hello/health
routes:
  - path: /hello
    respond: { body: sick }
  - path: /hello/health
    respond: { status: 500, body: 'the database is not there' }
`;
