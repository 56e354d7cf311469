/** Drills on the control plane: without coordinator, without NATS, everything that serves goes on serving. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answer, balancerKinds, type DrillFleet, group, startDrillFleet } from '../support/drill-fleet.ts';
import { eventually } from '../support/eventually.ts';
import type { FleetProcess } from '../support/fleet-processes.ts';
import { lossesOf, type SteadyLoad } from '../support/steady-load.ts';

const names = ['gw1', 'gw2', 'gw3'];
/** How long each outage lasts: well past the lease of 6 s. The 30 s, where there is time for it. */
const outageMs = Number(process.env['DRILL_OUTAGE_MS'] ?? (process.env['CI'] === 'true' ? 30_000 : 10_000));
/** Everybody has found the way back: a few of the longest pauses between two attempts. */
const returnTimeoutMs = 30_000;

describe.each(balancerKinds)('behind %s', (kind) => {
  let drill: DrillFleet;
  let load: SteadyLoad | undefined;

  beforeAll(async () => {
    drill = await startDrillFleet({ kind, gateways: names });
  });
  afterEach(async () => {
    await load?.stop();
    load = undefined;
  });
  afterAll(() => drill?.stop());

  /** Requests go on for the whole time: that is what is waited for. */
  async function outage(): Promise<void> {
    const before = load?.result.requests ?? 0;
    const until = performance.now() + outageMs;
    await eventually(() => performance.now() > until, { timeoutMs: outageMs * 2, what: 'the outage to last' });
    expect(load?.result.requests).toBeGreaterThan(before + outageMs / 10);
  }

  /** Servers and balancers are heard again. */
  async function everybodyIsHeard(since: number): Promise<void> {
    await eventually(
      async () => {
        const servers = await drill.servers();
        const { balancers } = await drill.pool();
        return [...servers, ...balancers].every(({ seenAt }) => (seenAt ?? 0) > since);
      },
      { timeoutMs: returnTimeoutMs, what: 'everybody to be heard again' },
    );
    await drill.settles(...names);
  }

  async function nobodyWasLost(): Promise<void> {
    const lost = await Promise.all([drill.events('server.lost'), drill.events('balancer.lost')]);
    expect(lost.flat()).toEqual([]);
  }

  it('without its coordinator no request fails, and nothing is published again that has not changed', async () => {
    load = await drill.load();
    const before = await drill.published();
    await drill.coordinator.kill('SIGKILL');
    await outage();
    const backAt = Date.now();
    drill.coordinator = await drill.fleet.startCoordinator();
    await everybodyIsHeard(backAt);
    expect(await drill.published()).toEqual(before);
    expect(lossesOf(kind, (await load.stop()).failures)).toEqual([]);
    await nobodyWasLost();
  });

  it('without NATS no request fails, and nothing is published again that has not changed', async (context) => {
    if (!drill.fleet.nats.canKill) return context.skip('this NATS is not ours to kill');
    load = await drill.load();
    const before = await drill.published();
    await drill.fleet.nats.kill('SIGKILL');
    await outage();
    const backAt = Date.now();
    await drill.fleet.nats.restart();
    await everybodyIsHeard(backAt);
    expect(await drill.published()).toEqual(before);
    expect(lossesOf(kind, (await load.stop()).failures)).toEqual([]);
    await nobodyWasLost();
  });

  it('without its coordinator a gateway that starts serves what it held, and is asked for it', async () => {
    load = await drill.load();
    await drill.coordinator.kill('SIGKILL');
    await (drill.gatewayByName.get('gw1') as FleetProcess).kill('SIGKILL');
    const goneAt = Date.now();
    drill.gatewayByName.set('gw1', await drill.fleet.startGateway('gw1'));
    const itself = drill.fleet.gatewayOrigin('gw1');
    await eventually(async () => (await answer(itself, '/hello')).status === 200, {
      what: 'it to serve from its disk',
    });
    expect((await answer(itself, '/-/ready')).status).toBe(200);
    const before = load.result.answersByServer.get('gw1') ?? 0;
    await eventually(() => (load?.result.answersByServer.get('gw1') ?? 0) > before + 20, { what: 'traffic on it' });
    const backAt = Date.now();
    drill.coordinator = await drill.fleet.startCoordinator();
    await everybodyIsHeard(backAt);
    const { failures } = await load.stop();
    expect(lossesOf(kind, failures).filter(({ beganAt }) => beganAt > goneAt)).toEqual([]);
    expect((await answer(drill.fleet.origin(group), '/hello')).status).toBe(200);
    await nobodyWasLost();
  });
});
