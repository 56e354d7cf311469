/** A leader's decisions made again on its own log alone, and what followed from each event. */
import { beforeAll, describe, expect, it } from 'vitest';
import { replayDecisions, type ReplayedDecisions, type ReplayedStep } from '../../src/audit/replay-decisions.ts';
import { eventsSource } from '../support/told-history.ts';
import { badVersion } from './lifecycle/played-agent.ts';
import { PlayedFleet } from './lifecycle/played-fleet.ts';
import type { ServerId } from '../../schemas/ids.ts';

const digest = 'a'.repeat(64);
const signal = new AbortController().signal;

function rounds(fleet: PlayedFleet, count: number): void {
  for (let round = 0; round < count; round += 1) fleet.round();
}

/** Joins, rollouts of every strategy, one that fails, servers that are lost, moved, drained and come back. */
function eventful(): PlayedFleet {
  const fleet = new PlayedFleet();
  const group = 'Production';
  for (const version of ['1', '2', '3', badVersion]) {
    fleet.command('project.publish', { project: 'orders', version, digest, bytes: 1 });
  }
  fleet.command('balancer.register', { balancer: 'lb1', kind: 'haproxy', groups: 'all' });
  for (const server of ['s1', 's2', 's3', 's4']) {
    fleet.register(server);
    fleet.command('server.join', { server, group });
  }
  rounds(fleet, 6);
  const deploy = (version: string, rollout: object) => {
    fleet.command('deployment.request', { group, project: 'orders', version, rollout });
    rounds(fleet, 60);
  };
  const quick = { minHealthyMs: 2_000, healthyDeadlineMs: 20_000, progressDeadlineMs: 25_000 };
  deploy('1', quick);
  deploy('2', {
    ...quick,
    strategy: { kind: 'canary', steps: [{ servers: 1, bakeMs: 3_000 }], batch: 2 },
    maxUnavailable: 2,
  });
  deploy(badVersion, quick);
  deploy('3', { ...quick, strategy: { kind: 'blue-green', standby: '50%', keepMs: 3_000 }, change: 'drain-first' });
  const agent = fleet.agents.get('s2' as ServerId);
  if (agent === undefined) throw new Error('s2 is played');
  agent.isSilent = true;
  rounds(fleet, 12);
  agent.isSilent = false;
  rounds(fleet, 12);
  fleet.command('server.move', { server: 's3', group: 'Development' });
  rounds(fleet, 12);
  fleet.command('server.drain', { server: 's1' });
  rounds(fleet, 12);
  fleet.command('server.uncordon', { server: 's1' });
  fleet.elect();
  rounds(fleet, 12);
  return fleet;
}

describe('recorded history, decided again', () => {
  const steps: ReplayedStep[] = [];
  let fleet: PlayedFleet;
  let replayed: ReplayedDecisions;
  beforeAll(async () => {
    fleet = eventful();
    const onStep = (step: ReplayedStep) => void steps.push(step);
    replayed = await replayDecisions({ source: eventsSource(fleet.history), signal, onStep });
  });
  const of = (type: string) => steps.filter(({ event }) => event.type === type);

  it('makes every decision of the leader again, from what the log alone holds', () => {
    const otherwise = steps.filter(({ decided }) => decided?.agrees === false);
    expect(otherwise.map(({ event, decided }) => [event.type, event.data, decided?.instead])).toEqual([]);
    expect(replayed).toMatchObject({ events: fleet.history.length, differed: 0, differing: [] });
    for (const type of ['server.ready', 'server.lost', 'server.returned', 'server.left', 'server.drained']) {
      expect(
        of(type).map(({ decided }) => decided?.by),
        type,
      ).toContain('machine');
    }
    for (const type of ['rollout.advanced', 'rollout.failed', 'rollout.rolled-back', 'rollout.switched']) {
      expect(
        of(type).map(({ decided }) => decided?.by),
        type,
      ).toContain('planner');
    }
    expect(of('deployment.requested').every(({ decided }) => decided === null)).toBe(true);
  });

  it('ends in the state the leader had', () => {
    expect(replayed.moment.state).toEqual(fleet.state);
  });

  it('shows what each event told: servers their directives, balancers their pools, rollouts what comes next', () => {
    const told = of('rollout.advanced').find(({ event }) => event.type === 'rollout.advanced' && event.data.step === 1);
    const [server] = told?.event.type === 'rollout.advanced' ? told.event.data.servers : [];
    expect(told?.follows).toContainEqual(
      expect.objectContaining({ of: 'directive', subject: server, after: expect.stringContaining('hold orders@2') }),
    );
    expect(told?.follows.some((one) => one.of === 'planner' && one.after?.includes('has yet to prove orders@2'))).toBe(
      true,
    );
    const [ready] = of('server.ready');
    expect(ready?.follows).toContainEqual(
      expect.objectContaining({ of: 'machine', subject: 's1', before: 'syncing', after: 'ready' }),
    );
    expect(ready?.follows).toContainEqual(expect.objectContaining({ of: 'pool', subject: 's1', before: null }));
    const [lost] = of('server.lost');
    expect(lost?.follows).toContainEqual(expect.objectContaining({ of: 'pool', subject: 's2', after: null }));
  });

  it('tells only the part asked for, and says the same of it', async () => {
    const told: ReplayedStep[] = [];
    const from = 20;
    const to = 60;
    const onStep = (step: ReplayedStep) => void told.push(step);
    await replayDecisions({ source: eventsSource(fleet.history), signal, from, to, onStep });
    expect(told).toEqual(steps.slice(from - 1, to));
  });

  it('says where a decision is not what today would be decided', async () => {
    const history = structuredClone(fleet.history);
    const early = history.find(({ type, data }) => type === 'rollout.advanced' && data.step === 1);
    if (early?.type !== 'rollout.advanced') throw new Error('there is a second step');
    early.data.servers = ['s4' as ServerId, 's3' as ServerId];
    const { differing } = await replayDecisions({ source: eventsSource(history), signal, onStep: () => undefined });
    expect(differing[0]).toBe(early.position);
  });
});
