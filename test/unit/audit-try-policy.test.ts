/** A changed policy on recorded history: told where it is known, unknown where it is not. */
import { describe, expect, it } from 'vitest';
import type { ServerId } from '../../schemas/ids.ts';
import type { RolloutPolicy } from '../../schemas/rollout.ts';
import { TriedPolicy, tryPolicy } from '../../src/audit/try-policy.ts';
import { eventsSource } from '../support/told-history.ts';
import { badVersion } from './lifecycle/played-agent.ts';
import { PlayedFleet } from './lifecycle/played-fleet.ts';

const digest = 'a'.repeat(64);
const signal = new AbortController().signal;
const quick = { minHealthyMs: 5_000, healthyDeadlineMs: 20_000, progressDeadlineMs: 25_000 };

function rounds(fleet: PlayedFleet, count: number): void {
  for (let round = 0; round < count; round += 1) fleet.round();
}

/** Three servers in the pool of Production that hold `orders@1`. */
function settled(): PlayedFleet {
  const fleet = new PlayedFleet();
  for (const version of ['1', '2', '3', badVersion]) {
    fleet.command('project.publish', { project: 'orders', version, digest, bytes: 1 });
  }
  for (const server of ['s1', 's2', 's3']) {
    fleet.register(server);
    fleet.command('server.join', { server, group: 'Production' });
  }
  rounds(fleet, 6);
  fleet.command('deployment.request', { group: 'Production', project: 'orders', version: '1', rollout: quick });
  rounds(fleet, 10);
  return fleet;
}

function deploy(fleet: PlayedFleet, version: string, rollout: Partial<RolloutPolicy>): number {
  fleet.command('deployment.request', { group: 'Production', project: 'orders', version, rollout });
  return fleet.state.position;
}

async function tried(fleet: PlayedFleet, rollout: Partial<RolloutPolicy>, id: number) {
  const { rollouts } = await tryPolicy({ source: eventsSource(fleet.history), policy: { rollout }, signal });
  const found = rollouts.find((one) => one.rollout === id);
  if (found === undefined) throw new Error('it is not concerned');
  return found;
}
const atOf = (fleet: PlayedFleet, type: string, id: number) => {
  const found = fleet.history.find(
    (event) => event.type === type && (event.data as { rollout?: number }).rollout === id,
  );
  if (found === undefined) throw new Error(`no ${type}`);
  return found;
};

describe('a changed policy on recorded history', () => {
  it('is the same where it decides the same: also where nothing it changes was touched', async () => {
    const fleet = settled();
    const id = deploy(fleet, '2', quick);
    rounds(fleet, 60);
    const changed = { healthyDeadlineMs: 15_000, progressDeadlineMs: 60_000, failuresAllowed: 1, autoRollback: false };
    expect((await tried(fleet, changed, id)).tried).toEqual({ status: 'same' });
    const same = await tryPolicy({ source: eventsSource(fleet.history), policy: { rollout: quick }, signal });
    expect(same).toMatchObject({ rollouts: [], unconcerned: 2 });
  });

  it('fails where a server that failed was forgiven, at that time', async () => {
    const fleet = settled();
    const agent = fleet.agents.get('s1' as ServerId);
    if (agent === undefined) throw new Error('s1 is played');
    agent.refuses = '3';
    const id = deploy(fleet, '3', { ...quick, failuresAllowed: 1 });
    rounds(fleet, 60);
    const gaveUp = fleet.history.find((event) => event.type === 'server.sync-failed' && event.data.final);
    const { tried: strict, recorded } = await tried(fleet, { failuresAllowed: 0 }, id);
    expect(recorded.status).toBe('succeeded');
    expect(strict).toEqual({
      status: 'fails',
      at: gaveUp?.at,
      position: gaveUp?.position,
      reason: expect.stringContaining('1 failed, 0 may: s1'),
    });
  });

  it('would have waited for a person where it went back by itself', async () => {
    const fleet = settled();
    const id = deploy(fleet, badVersion, quick);
    rounds(fleet, 60);
    const { at, position } = atOf(fleet, 'rollout.failed', id);
    expect((await tried(fleet, { autoRollback: false }, id)).tried).toEqual({
      status: 'fails',
      at,
      position: position - 1,
      reason: expect.stringContaining('waited for a person'),
    });
  });

  it('finishes later where it is to be watched longer, once everybody was told', async () => {
    const fleet = settled();
    const all = { ...quick, strategy: { kind: 'all-at-once' as const }, maxUnavailable: 3 };
    const id = deploy(fleet, '2', all);
    rounds(fleet, 60);
    fleet.command('group.create', { group: 'Later' });
    const recorded = atOf(fleet, 'rollout.succeeded', id);
    const { tried: later } = await tried(fleet, { minHealthyMs: 12_000 }, id);
    expect(later).toMatchObject({ status: 'succeeds' });
    if (later.status !== 'succeeds') throw new Error();
    expect(later.at - recorded.at).toBeGreaterThan(6_000);
    expect(later.at - recorded.at).toBeLessThanOrEqual(7_000);
  });

  it('would have stopped a version that broke while it was watched longer', async () => {
    const fleet = settled();
    const all = { ...quick, strategy: { kind: 'all-at-once' as const }, maxUnavailable: 3 };
    const id = deploy(fleet, '2', all);
    while (fleet.state.groupById.get('production' as never)?.rolloutById.has(id) === true) fleet.round();
    const agent = fleet.agents.get('s2' as ServerId);
    if (agent === undefined) throw new Error('s2 is played');
    agent.isSick = true;
    rounds(fleet, 20);
    const { tried: longer, recorded } = await tried(fleet, { minHealthyMs: 60_000 }, id);
    expect(recorded.status).toBe('succeeded');
    expect(longer).toMatchObject({ status: 'fails', reason: expect.stringContaining('s2') });
  });

  it('is unknown from where it would have told servers that were not told then', async () => {
    const fleet = settled();
    const id = deploy(fleet, '2', quick);
    rounds(fleet, 60);
    const sooner = await tried(fleet, { minHealthyMs: 0 }, id);
    expect(sooner.tried).toMatchObject({ status: 'unknown', reason: expect.stringContaining('told s2') });
    const second = fleet.history.find(
      (event) => event.type === 'rollout.advanced' && event.data.rollout === id && event.data.step === 1,
    );
    if (sooner.tried.status !== 'unknown') throw new Error();
    expect(sooner.tried.position).toBeLessThan(second?.position ?? 0);
    const later = await tried(fleet, { minHealthyMs: 9_000 }, id);
    expect(later.tried).toMatchObject({ status: 'unknown', reason: expect.stringContaining('told s2') });
    const wider = await tried(fleet, { strategy: { kind: 'rolling', batch: 2 }, maxUnavailable: 2 }, id);
    expect(wider.tried).toMatchObject({ status: 'unknown', position: id, reason: expect.stringContaining('s1, s2') });
  });

  it('is unknown from the request on where something else would have been probed', async () => {
    const fleet = settled();
    const id = deploy(fleet, '2', quick);
    rounds(fleet, 60);
    const probed = (await tried(fleet, { probe: { path: '/orders' } }, id)).tried;
    expect(probed).toEqual({ status: 'unknown', position: id, reason: expect.stringContaining('was not recorded') });
  });

  it('is unknown where it counts requests that nobody counted, and known where they were', async () => {
    const fleet = settled();
    const canary = {
      ...quick,
      strategy: { kind: 'canary' as const, steps: [{ servers: 1 }], batch: 2 },
      maxUnavailable: 2,
    };
    const id = deploy(fleet, '2', canary);
    rounds(fleet, 60);
    const { tried: counted } = await tried(fleet, { errorRateMax: 0.01 }, id);
    const { position } = fleet.history.find(
      (event) => event.type === 'rollout.advanced' && event.data.rollout === id && event.data.step === 1,
    ) ?? { position: 0 };
    expect(counted).toEqual({ status: 'unknown', position, reason: expect.stringContaining('requests') });
    const history = structuredClone(fleet.history);
    const gate = history[position - 1];
    if (gate?.type !== 'rollout.advanced' || gate.data.passed === null) throw new Error('the step passed');
    gate.data.passed.figures = {
      new: { requests: 1_000, errors: 30, latencyMs: 9 },
      old: { requests: 1_000, errors: 2, latencyMs: 8 },
    };
    const run = (errorRateMax: number) =>
      tryPolicy({ source: eventsSource(history), policy: { rollout: { errorRateMax } }, signal });
    const strict = (await run(0.01)).rollouts.find(({ rollout }) => rollout === id);
    expect(strict?.tried).toMatchObject({
      status: 'fails',
      at: gate.at,
      reason: expect.stringContaining('30 of 1000'),
    });
    const loose = (await run(0.05)).rollouts.find(({ rollout }) => rollout === id);
    expect(loose?.tried).not.toMatchObject({ status: 'fails' });
  });

  it('pauses where a step is to be promoted, and still waits where the log ends', async () => {
    const fleet = settled();
    const id = deploy(fleet, '2', { ...quick, strategy: { kind: 'canary', steps: [{ servers: 1 }], batch: 1 } });
    rounds(fleet, 60);
    const paused = { strategy: { kind: 'canary' as const, steps: [{ servers: 1, pause: true }], batch: 1 } };
    expect((await tried(fleet, paused, id)).tried).toMatchObject({ status: 'pauses' });
    expect((await tried(fleet, { minHealthyMs: 3_600_000 }, id)).tried).toMatchObject({
      status: 'waits',
      position: fleet.state.position,
      reason: expect.stringContaining('watches'),
    });
  });

  it('is unknown where a person acted while it would have waited', async () => {
    const fleet = settled();
    deploy(fleet, '2', { ...quick, strategy: { kind: 'all-at-once' }, maxUnavailable: 3 });
    rounds(fleet, 20);
    const id = fleet.history.findLast(({ type }) => type === 'deployment.requested')?.position ?? 0;
    const next = deploy(fleet, '3', quick);
    rounds(fleet, 60);
    expect((await tried(fleet, { minHealthyMs: 600_000 }, id)).tried).toEqual({
      status: 'unknown',
      position: next,
      reason: expect.stringContaining('person'),
    });
  });

  it('takes any part of a policy, for all groups or some', async () => {
    expect(TriedPolicy.safeParse({ rollout: { failuresAllowed: 1 }, leaseMs: 9_000 }).success).toBe(true);
    expect(TriedPolicy.safeParse({ leaseMs: 1 }).success).toBe(false);
    expect(TriedPolicy.safeParse({ lease: 9_000 }).success).toBe(false);
    const fleet = settled();
    const id = deploy(fleet, badVersion, quick);
    rounds(fleet, 60);
    const of = async (group: string) =>
      (
        await tryPolicy({
          source: eventsSource(fleet.history),
          policy: TriedPolicy.parse({ groups: { [group]: { rollout: { autoRollback: false } } } }),
          signal,
        })
      ).rollouts.find(({ rollout }) => rollout === id);
    expect(await of('Development')).toBeUndefined();
    expect((await of('Production'))?.tried.status).toBe('fails');
  });
});

describe('a changed lease, deadline or floor', () => {
  const under = async (fleet: PlayedFleet, policy: TriedPolicy, id: number) => {
    const { rollouts } = await tryPolicy({ source: eventsSource(fleet.history), policy, signal });
    return rollouts.find(({ rollout }) => rollout === id)?.tried;
  };
  const positionOf = (fleet: PlayedFleet, type: string, after: number) =>
    fleet.history.find((event) => event.type === type && event.position > after)?.position ?? Number.NaN;
  /** `s3` falls silent while a version goes through the group server by server. */
  const withSilence = () => {
    const fleet = settled();
    const id = deploy(fleet, '2', quick);
    rounds(fleet, 3);
    const agent = fleet.agents.get('s3' as ServerId);
    if (agent === undefined) throw new Error('s3 is played');
    agent.isSilent = true;
    rounds(fleet, 20);
    agent.isSilent = false;
    rounds(fleet, 60);
    return { fleet, id, lost: positionOf(fleet, 'server.lost', id) };
  };

  it('is the same where nobody was lost, held or cut off, and no concern where the group has it anyhow', async () => {
    const fleet = settled();
    const id = deploy(fleet, '2', quick);
    rounds(fleet, 60);
    const changed = { leaseMs: 60_000, floorPercent: 90, floorWindowMs: 1_000, drainTimeoutMs: 60_000, syncsMax: 2 };
    expect(await under(fleet, changed, id)).toEqual({ status: 'same' });
    const { leaseMs } = fleet.state.groupById.get('production' as never)?.policy ?? { leaseMs: Number.NaN };
    expect(await under(fleet, { leaseMs }, id)).toBeUndefined();
    expect(await under(fleet, { groups: { Development: { leaseMs: 60_000 } } } as never, id)).toBeUndefined();
  });

  it('is unknown from where a longer lease would not have lost a server yet', async () => {
    const { fleet, id, lost } = withSilence();
    const reason = expect.stringContaining('s3 was lost after 6000 ms');
    expect(await under(fleet, { leaseMs: 9_000 }, id)).toEqual({ status: 'unknown', position: lost - 1, reason });
  });

  it('is unknown at once where a shorter lease may have lost anybody', async () => {
    const { fleet, id } = withSilence();
    const reason = expect.stringContaining('heartbeats are not recorded');
    expect(await under(fleet, { leaseMs: 3_000 }, id)).toEqual({ status: 'unknown', position: id, reason });
  });

  it('is unknown from where another floor would have held what was taken out, and the same where it would not', async () => {
    const { fleet, id, lost } = withSilence();
    const reason = expect.stringContaining('s3, lost there, would have been held');
    expect(await under(fleet, { floorPercent: 100 }, id)).toEqual({ status: 'unknown', position: lost - 1, reason });
    expect(await under(fleet, { floorPercent: 60 }, id)).toEqual({ status: 'same' });
  });

  it('is unknown from where a shorter deadline would have cut a drain off, and the same where it was over by then', async () => {
    const fleet = settled();
    fleet.command('balancer.register', { balancer: 'lb1', kind: 'file', groups: 'all' }, 'bal_lb1');
    rounds(fleet, 2);
    const id = deploy(fleet, '2', { ...quick, change: 'drain-first' });
    rounds(fleet, 60);
    const drained = positionOf(fleet, 'server.drained', id);
    const tookMs = (fleet.history[drained - 1]?.at ?? 0) - (fleet.history[id]?.at ?? 0);
    expect(tookMs).toBeGreaterThan(1_000);
    expect(await under(fleet, { drainTimeoutMs: tookMs - 500 }, id)).toMatchObject({
      status: 'unknown',
      position: drained - 1,
      reason: expect.stringContaining('s1 would have been cut off'),
    });
    expect(await under(fleet, { drainTimeoutMs: 25_000 }, id)).toEqual({ status: 'same' });
  });

  it('is unknown from where a deadline that cut a drain off would have come later', async () => {
    const fleet = settled();
    fleet.command('group.configure', { group: 'Production', policy: { drainTimeoutMs: 5_000 } });
    fleet.command('balancer.register', { balancer: 'lb1', kind: 'file', groups: 'all' }, 'bal_lb1');
    fleet.silentBalancers.add('lb1' as never);
    rounds(fleet, 2);
    const id = deploy(fleet, '2', { ...quick, change: 'drain-first' });
    rounds(fleet, 60);
    const drained = positionOf(fleet, 'server.drained', id);
    expect(await under(fleet, { drainTimeoutMs: 30_000 }, id)).toEqual({
      status: 'unknown',
      position: drained - 1,
      reason: expect.stringContaining('cut off there'),
    });
  });
});
