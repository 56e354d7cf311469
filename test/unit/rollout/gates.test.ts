import { describe, expect, it } from 'vitest';
import { planRollouts } from '../../../src/rollout/planner.ts';
import type { RolloutPolicy } from '../../../schemas/rollout.ts';
import { edge, PlayedGroup } from './played-group.ts';

const rolling = (differs: Partial<RolloutPolicy> = {}): Partial<RolloutPolicy> => ({ minHealthyMs: 2_000, ...differs });
const failure = (played: PlayedGroup) => {
  const failed = played.said.find(({ type }) => type === 'rollout.failed');
  return failed?.type === 'rollout.failed' ? failed.data : undefined;
};

describe('a server that fails the version', () => {
  it('fails the rollout by name and text, and everybody goes back', () => {
    const played = new PlayedGroup(4);
    played.verdicts.set('s1/orders@2', 'fails');
    played.request(rolling());
    played.settle();
    expect(failure(played)).toMatchObject({ cause: 'sync-failed', next: 'roll-back' });
    expect(failure(played)?.reason).toBe('1 failed, 0 may: s1 (orders@2: it does not start)');
    expect([played.ended, played.holds('s0')]).toEqual([['rolled-back'], ['orders@1', 'users@1']]);
  });

  it('halts it where nobody wants it back by itself, and retry tries again what failed', () => {
    const played = new PlayedGroup(3);
    played.verdicts.set('s1/orders@2', 'fails');
    const rollout = played.request(rolling({ autoRollback: false }));
    played.settle();
    expect([rollout.status, played.holds('s0')]).toEqual(['halted', ['orders@2', 'users@1']]);
    played.rounds(700);
    expect(rollout.status).toBe('halted');
    played.verdicts.clear();
    played.does('retried', rollout);
    played.settle();
    expect(played.ended).toEqual(['succeeded']);
  });

  it('is passed over where so many may fail, and counts over all steps', () => {
    const played = new PlayedGroup(4);
    played.verdicts.set('s0/orders@2', 'fails');
    played.request(rolling({ failuresAllowed: 1 }));
    played.settle();
    expect(played.ended).toEqual(['succeeded']);
    const twice = new PlayedGroup(4);
    for (const id of ['s0', 's3']) twice.verdicts.set(`${id}/orders@2`, 'fails');
    twice.request(rolling({ failuresAllowed: 1 }));
    twice.settle();
    expect([twice.ended, failure(twice)?.reason.startsWith('2 failed, 1 may')]).toEqual([['rolled-back'], true]);
  });

  it('counts when it calls itself unwell after it has proved the version, or is lost for that', () => {
    const played = new PlayedGroup(3);
    played.verdicts.set('s0/orders@2', 'unwell');
    played.request(rolling({ minHealthyMs: 30_000 }));
    played.settle();
    expect([failure(played)?.cause, played.ended]).toEqual(['unhealthy', ['rolled-back']]);
    const lost = new PlayedGroup(3);
    lost.request(rolling());
    lost.rounds(2);
    lost.lose('s0', 'unhealthy');
    lost.settle();
    expect([failure(lost)?.cause, lost.ended]).toEqual(['unhealthy', ['rolled-back']]);
  });

  it('does not count for a rollout that is not its cause', () => {
    const played = new PlayedGroup(4);
    const every = rolling({ strategy: { kind: 'all-at-once' }, maxUnavailable: '100%', autoRollback: false });
    const bad = played.request(every, 'users', '2');
    played.verdicts.set('users@2', 'fails');
    played.settle();
    const good = played.request({ ...every, healthyDeadlineMs: 60_000 });
    played.rounds(3);
    expect([bad.status, good.status]).toEqual(['halted', 'running']);
  });
});

describe('deadlines', () => {
  it('bound how long one server may take', () => {
    const played = new PlayedGroup(3);
    played.verdicts.set('s0/orders@2', 'hangs');
    played.request(rolling({ healthyDeadlineMs: 20_000 }));
    played.rounds(20);
    expect(failure(played)).toBeUndefined();
    played.rounds(2);
    expect(failure(played)?.cause).toBe('healthy-deadline');
  });

  it('bound how long nothing becomes healthy', () => {
    const played = new PlayedGroup(3);
    played.verdicts.set('s0/orders@2', 'hangs');
    played.request(rolling({ healthyDeadlineMs: 90_000, progressDeadlineMs: 15_000 }));
    played.settle();
    expect(failure(played)?.cause).toBe('progress-deadline');
  });

  it('end two rollouts that hold each other up by servers that have given up', () => {
    const played = new PlayedGroup(6);
    const policy = { strategy: { kind: 'all-at-once' }, change: 'drain-first', failuresAllowed: 2 } as const;
    for (const project of ['orders', 'users']) {
      played.request({ ...policy, minHealthyMs: 0, maxUnavailable: 2, autoRollback: project === 'orders' }, project);
    }
    played.hear();
    played.decide();
    played.verdicts.set('s0/users@2', 'fails').set('s3/orders@2', 'fails');
    played.lose('s2', 'unhealthy');
    played.settle(1_200);
    // One goes back, which frees the room the other needs.
    expect(failure(played)).toMatchObject({ cause: 'progress-deadline', next: 'roll-back' });
    expect([...played.ended].sort()).toEqual(['rolled-back', 'succeeded']);
  });

  it('do not run while it is paused, and count anew after', () => {
    const played = new PlayedGroup(3);
    played.verdicts.set('s0/orders@2', 'hangs');
    const rollout = played.request(rolling({ healthyDeadlineMs: 20_000 }));
    played.rounds(5);
    played.does('paused', rollout);
    played.rounds(100);
    played.does('resumed', rollout);
    played.rounds(18);
    expect([rollout.status, failure(played)]).toEqual(['running', undefined]);
    played.rounds(4);
    expect(failure(played)?.cause).toBe('healthy-deadline');
  });

  it('bound a way back that somebody never goes', () => {
    const played = new PlayedGroup(2);
    played.verdicts.set('orders@2', 'fails');
    played.verdicts.set('orders@1', 'hangs');
    played.request(rolling({ progressDeadlineMs: 30_000 }));
    played.settle(60);
    expect(played.ended).toEqual(['rolled-back']);
  });

  it('are named by the plan, so that silence is looked at when it matters', () => {
    const played = new PlayedGroup(2);
    played.verdicts.set('orders@2', 'hangs');
    const rollout = played.request(rolling({ healthyDeadlineMs: 20_000 }));
    played.decide();
    expect(played.plan().wakeAt).toBe(rollout.stepAt + 20_000);
  });
});

describe('a lost server', () => {
  it('is not waited for, where others of its step show that the version works', () => {
    const played = new PlayedGroup(4);
    played.request(rolling({ strategy: { kind: 'rolling', batch: 2 }, maxUnavailable: 2 }));
    played.decide();
    played.lose('s0');
    played.settle();
    expect(played.ended).toEqual(['succeeded']);
  });

  it('proves nothing: a step that only lost servers does not pass, and its deadline ends it', () => {
    const played = new PlayedGroup(4);
    played.request(rolling({ progressDeadlineMs: 60_000 }));
    played.decide();
    played.lose('s0');
    played.rounds(50);
    expect(played.advanced).toEqual([['s0']]);
    played.settle();
    expect([failure(played)?.cause, played.ended]).toEqual(['progress-deadline', ['rolled-back']]);
  });

  it('holds the right version once it is back', () => {
    const played = new PlayedGroup(3);
    played.lose('s2');
    played.request(rolling());
    played.settle();
    played.back('s2');
    played.rounds(3);
    expect([played.ended, played.holds('s2'), played.group.servingCount]).toEqual([
      ['succeeded'],
      ['orders@2', 'users@1'],
      3,
    ]);
  });
});

describe('who a person has taken away', () => {
  it('is neither moved nor waited for: drained, leaving', () => {
    const played = new PlayedGroup(3);
    played.drain('s0');
    played.leave('s1');
    played.request(rolling());
    played.settle();
    expect([played.advanced, played.ended]).toEqual([[['s2']], ['succeeded']]);
  });

  it('is moved while it serves where it was cordoned in the pool, since it could not come back', () => {
    const played = new PlayedGroup(2);
    played.of('server.cordoned', 's0');
    played.request(rolling({ change: 'drain-first' }));
    played.settle();
    expect([played.advanced, played.ended]).toEqual([[['s0'], ['s1']], ['succeeded']]);
    expect([played.server('s0').member?.admittedAt, played.group.servingCount]).toEqual([expect.any(Number), 2]);
  });

  it('is no longer judged when it is taken away in the middle of its step', () => {
    const played = new PlayedGroup(3);
    played.verdicts.set('s0/orders@2', 'hangs');
    played.request(rolling());
    played.rounds(3);
    played.leave('s0');
    played.settle();
    expect(played.ended).toEqual(['succeeded']);
  });
});

describe('the figures of a canary', () => {
  const watched = rolling({
    strategy: { kind: 'canary', steps: [{ servers: 1, bakeMs: 10_000 }], batch: 4 },
    maxUnavailable: '100%',
    errorRateMax: 0.05,
    latencyRatioMax: 2,
    progressDeadlineMs: 120_000,
  });
  const serve = (played: PlayedGroup, fresh: { errors: number; latencyMs: number }, rounds = 20) => {
    for (let round = 0; round < rounds; round += 1) {
      for (const id of played.group.servers) {
        const before = played.trafficOf.get(id) ?? { requests: 0, errors: 0, latencyMs: 0 };
        const { errors, latencyMs } = id === 's0' ? fresh : { errors: 0, latencyMs: 10 };
        const requests = before.requests + 20;
        const more = { errors: before.errors + errors, latencyMs: before.latencyMs + latencyMs * 20 };
        played.trafficOf.set(id, { requests, ...more });
      }
      played.round();
    }
  };

  it('let it go on when they are no worse', () => {
    const played = new PlayedGroup(4);
    played.request(watched);
    serve(played, { errors: 0, latencyMs: 12 });
    played.settle();
    expect(played.ended).toEqual(['succeeded']);
    const evidence = played.said.flatMap((each) => (each.type === 'rollout.advanced' ? [each.data.passed] : []))[1];
    expect(evidence?.figures?.new.requests).toBeGreaterThanOrEqual(100);
  });

  it('fail it on more failures than the old servers have, or on slower answers', () => {
    const failing = new PlayedGroup(4);
    failing.request(watched);
    serve(failing, { errors: 4, latencyMs: 10 });
    expect(failure(failing)?.cause).toBe('error-rate');
    const slow = new PlayedGroup(4);
    slow.request(watched);
    serve(slow, { errors: 0, latencyMs: 30 });
    expect(failure(slow)?.cause).toBe('latency');
  });

  it('are waited for, until the progress deadline says that none will come', () => {
    const played = new PlayedGroup(4);
    played.request(watched);
    played.rounds(60);
    expect(played.advanced).toHaveLength(1);
    played.rounds(80);
    expect(played.advanced.length).toBeGreaterThan(1);
  });

  it('count from what a new leader sees: it guesses nothing of what it missed', () => {
    const played = new PlayedGroup(4);
    played.request(watched);
    serve(played, { errors: 0, latencyMs: 10 }, 3);
    played.elect();
    serve(played, { errors: 0, latencyMs: 10 }, 4);
    expect(played.advanced).toHaveLength(1);
  });
});

describe('a new leader', () => {
  it('plans as the one before, once it has heard the servers, and before that waits', () => {
    const played = new PlayedGroup(4);
    played.request(rolling({ strategy: { kind: 'rolling', batch: 2 }, maxUnavailable: 2 }));
    for (let round = 0; round < 30; round += 1) {
      played.round();
      const before = planRollouts(played.state, edge, played.observed, played.now);
      played.elect();
      for (const { type } of played.plan().proposals) expect(type).not.toBe('rollout.failed');
      played.hear();
      expect(planRollouts(played.state, edge, played.observed, played.now)).toEqual(before);
    }
    expect(played.ended).toEqual(['succeeded']);
  });
});

describe('operations', () => {
  it('abort goes back from every status', () => {
    for (const status of ['running', 'paused', 'halted'] as const) {
      const played = new PlayedGroup(3);
      if (status === 'halted') played.verdicts.set('s1/orders@2', 'fails');
      const rollout = played.request(rolling({ autoRollback: false }));
      played.rounds(8);
      if (status === 'paused') played.does('paused', rollout);
      expect(rollout.status).toBe(status);
      played.does('aborted', rollout);
      played.settle();
      expect([played.ended, played.holds('s0')]).toEqual([['rolled-back'], ['orders@1', 'users@1']]);
    }
  });

  it('a newer request takes the place of the one under way', () => {
    const played = new PlayedGroup(3);
    played.request(rolling());
    played.rounds(4);
    played.request(rolling(), 'orders', '3');
    played.settle();
    expect([played.ended, played.holds('s0')]).toEqual([
      ['superseded', 'succeeded'],
      ['orders@3', 'users@1'],
    ]);
  });
});
