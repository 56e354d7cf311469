import { describe, expect, it } from 'vitest';
import type { ServerId } from '../../../schemas/ids.ts';
import type { RolloutPolicy } from '../../../schemas/rollout.ts';
import { plansOf } from '../../../src/rollout/planner.ts';
import { edge, PlayedGroup } from './played-group.ts';

const quick = { minHealthyMs: 0, maxUnavailable: '100%' } as const satisfies Partial<RolloutPolicy>;
const sizes = (played: PlayedGroup) => played.advanced.map(({ length }) => length);

describe('all at once', () => {
  it('tells everybody in one step, and succeeds when all of them are healthy', () => {
    const played = new PlayedGroup(5);
    played.request({ ...quick, strategy: { kind: 'all-at-once' } });
    played.settle();
    expect([sizes(played), played.ended]).toEqual([[5], ['succeeded']]);
    expect(played.holds('s4')).toContain('orders@2');
  });

  it('takes no more at once than may be unavailable', () => {
    const played = new PlayedGroup(5);
    played.request({ ...quick, strategy: { kind: 'all-at-once' }, maxUnavailable: 2 });
    played.settle();
    expect([sizes(played), played.ended]).toEqual([[2, 2, 1], ['succeeded']]);
  });
});

describe('rolling', () => {
  it('goes batch after batch, each healthy for the time asked before the next', () => {
    const played = new PlayedGroup(5);
    played.request({ strategy: { kind: 'rolling', batch: 2 }, maxUnavailable: 2, minHealthyMs: 10_000 });
    played.rounds(10);
    expect(sizes(played)).toEqual([2]);
    played.settle();
    expect([sizes(played), played.ended]).toEqual([[2, 2, 1], ['succeeded']]);
  });

  it('is one server at a time, watched, when nothing else is said', () => {
    const played = new PlayedGroup(3);
    played.request({});
    played.settle();
    expect([sizes(played), played.ended]).toEqual([[1, 1, 1], ['succeeded']]);
  });

  it('takes servers that join meanwhile in by a later step', () => {
    const played = new PlayedGroup(2);
    played.request({});
    played.rounds(3);
    played.join('late');
    expect(played.holds('late')).toContain('orders@1');
    played.settle();
    expect(played.advanced.flat().sort()).toEqual(['late', 's0', 's1']);
    expect([played.holds('late'), played.ended]).toEqual([['orders@2', 'users@1'], ['succeeded']]);
  });

  it('drains first where asked: each is out of the pool while it takes the version, and comes back', () => {
    const played = new PlayedGroup(3);
    played.request({ ...quick, change: 'drain-first', maxUnavailable: 1 });
    let leastServing = 3;
    for (let round = 0; round < 40; round += 1) {
      played.round();
      leastServing = Math.min(leastServing, played.group.servingCount);
    }
    expect([leastServing, played.ended, played.group.servingCount]).toEqual([2, ['succeeded'], 3]);
  });
});

describe('drained first', () => {
  const policy = { ...quick, change: 'drain-first' } as const;
  const leastServing = (played: PlayedGroup) => {
    let least = played.group.servingCount;
    for (let round = 0; round < 60 && played.ended.length === 0; round += 1) {
      played.round();
      least = Math.min(least, played.group.servingCount);
    }
    return least;
  };

  it('the last that takes requests takes the version while it serves: all others are lost, out, or were told with it', () => {
    const alone = new PlayedGroup(3);
    alone.lose('s1');
    alone.drain('s2');
    alone.rounds(3);
    const together = new PlayedGroup(3);
    for (const played of [alone, together]) {
      played.request({ ...policy, strategy: { kind: 'all-at-once' } });
      expect([leastServing(played), played.ended]).toEqual([1, ['succeeded']]);
    }
    expect([alone.advanced, together.advanced]).toEqual([[['s0']], [['s0', 's1', 's2']]]);
  });

  it('a log from before the last one was spared folds as it did: it has left its pool, and comes back by its proof', () => {
    const played = new PlayedGroup(1);
    const { id } = played.request(policy);
    const [server, about] = ['s0' as ServerId, { group: edge, rollout: id }];
    played.tell('rollout.advanced', { ...about, target: 0, step: 0, servers: [server], passed: null });
    expect(played.server('s0').member).toMatchObject({ cordon: { until: 'rolled' }, drain: { next: null } });
    const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
    played.tell('server.drained', { server, group: edge, evidence });
    played.settle();
    expect([played.ended, played.group.servingCount]).toEqual([['succeeded'], 1]);
  });
});

describe('canary', () => {
  const strategy = (steps: Extract<RolloutPolicy['strategy'], { kind: 'canary' }>['steps']) =>
    ({ ...quick, strategy: { kind: 'canary', steps, batch: 3 } }) as const;

  it('reaches each step’s amount of the group, then goes on in batches', () => {
    const played = new PlayedGroup(10);
    played.request(strategy([{ servers: 1 }, { servers: '40%' }]));
    played.settle();
    expect([sizes(played), played.ended]).toEqual([[1, 3, 3, 3], ['succeeded']]);
  });

  it('bakes a step for its time, in as many parts as the limit makes of it', () => {
    const played = new PlayedGroup(6);
    played.request({ ...strategy([{ servers: 2, bakeMs: 20_000 }]), maxUnavailable: 1 });
    played.rounds(15);
    expect(sizes(played)).toEqual([1, 1]);
    played.rounds(12);
    expect(sizes(played).length).toBeGreaterThan(2);
  });

  it('waits for a person where its step says so, once, and goes on by resume or promote', () => {
    for (const verb of ['resumed', 'promoted'] as const) {
      const played = new PlayedGroup(4);
      const rollout = played.request(strategy([{ servers: 1, pause: true }]));
      played.settle();
      expect([rollout.status, rollout.pausedBy, sizes(played)]).toEqual(['paused', 'step', [1]]);
      played.does(verb, rollout);
      played.settle();
      expect([played.ended, sizes(played)]).toEqual([['succeeded'], [1, 3]]);
    }
  });

  it('promoted to the end waits for nothing but health and the limit', () => {
    const played = new PlayedGroup(6);
    const rollout = played.request({
      ...strategy([
        { servers: 1, bakeMs: 3_600_000 },
        { servers: 2, pause: true },
      ]),
      minHealthyMs: 600_000,
      maxUnavailable: 2,
    });
    played.rounds(3);
    played.does('promoted', rollout, true);
    played.settle(20);
    expect([played.ended, Math.max(...sizes(played))]).toEqual([['succeeded'], 2]);
  });

  it('holds where its steps mean the same in a small group', () => {
    const played = new PlayedGroup(1);
    const rollout = played.request(
      strategy([
        { servers: '10%', bakeMs: 5_000 },
        { servers: '50%', pause: true },
      ]),
    );
    played.settle();
    expect([rollout.status, rollout.pausedBy]).toEqual(['paused', 'step']);
  });
});

describe('blue-green', () => {
  const policy = { minHealthyMs: 2_000, strategy: { kind: 'blue-green', standby: '50%', keepMs: 10_000 } } as const;

  it('switches as one once the standby part has proved it, keeps the old part, then lets it follow', () => {
    const played = new PlayedGroup(4);
    played.request(policy);
    played.rounds(4);
    expect([played.advanced[0]?.length, played.group.servingCount]).toEqual([2, 2]);
    const isSwitched = () => played.said.some(({ type }) => type === 'rollout.switched');
    while (!isSwitched()) played.round();
    expect(played.holds('s3')).toContain('orders@1');
    played.rounds(8);
    expect(played.advanced).toHaveLength(1);
    played.settle();
    expect([played.advanced.map(({ length }) => length), played.ended]).toEqual([[2, 2], ['succeeded']]);
    played.rounds(3);
    expect([played.group.servingCount, played.holds('s3')]).toEqual([4, ['orders@2', 'users@1']]);
  });

  it('switches back to the old part as one when it is aborted while that is kept', () => {
    const played = new PlayedGroup(4);
    const rollout = played.request(policy);
    while (!played.said.some(({ type }) => type === 'rollout.switched')) played.round();
    played.rounds(4);
    played.does('aborted', rollout);
    played.settle();
    expect(played.said.filter(({ type }) => type === 'rollout.switched')).toHaveLength(2);
    expect([played.ended, played.group.servingCount]).toEqual([['rolled-back'], 4]);
    expect(played.holds('s0')).toContain('orders@1');
  });

  it('leaves the pool alone when the standby part fails, and gives it back', () => {
    const played = new PlayedGroup(4);
    played.verdicts.set('orders@2', 'fails');
    played.request(policy);
    played.settle();
    expect(played.said.map(({ type }) => type)).toEqual(['rollout.advanced', 'rollout.failed', 'rollout.rolled-back']);
    expect([played.ended, played.group.servingCount]).toEqual([['rolled-back'], 4]);
  });

  it('waits, and says for whom, where a person has cordoned everybody who could stand by', () => {
    const played = new PlayedGroup(2);
    for (const id of ['s0', 's1']) played.of('server.cordoned', id);
    const rollout = played.request(policy);
    played.rounds(700);
    const plans = plansOf(played.state, edge, played);
    expect(plans.get(rollout)?.waitsFor).toBe('waits for a server that can stand by: one in the pool and not cordoned');
    expect(played.said).toEqual([]);
    played.of('server.uncordoned', 's1');
    played.settle();
    expect(played.ended).toEqual(['succeeded']);
  });
});

describe('a blue-green whose standby part is taken away', () => {
  const policy = { minHealthyMs: 2_000, strategy: { kind: 'blue-green', standby: '50%', keepMs: 0 } } as const;

  it('has another part stand by, as large as the first, and never the whole pool', () => {
    const played = new PlayedGroup(4);
    played.request(policy);
    played.rounds(1);
    expect(played.advanced).toEqual([['s0', 's1']]);
    for (const id of ['s0', 's1']) played.leave(id);
    let leastServing = 2;
    for (let round = 0; round < 60 && played.ended.length === 0; round += 1) {
      played.round();
      leastServing = Math.min(leastServing, played.group.servingCount);
    }
    expect([leastServing, played.advanced[1], played.ended]).toEqual([1, ['s2'], ['succeeded']]);
  });

  it('leaves the last server in its pool: it takes the version while it serves', () => {
    const played = new PlayedGroup(2);
    played.request(policy);
    played.rounds(1);
    played.leave('s0');
    let leastServing = 1;
    for (let round = 0; round < 60 && played.ended.length === 0; round += 1) {
      played.round();
      leastServing = Math.min(leastServing, played.group.servingCount);
    }
    expect([leastServing, played.advanced, played.ended]).toEqual([1, [['s0'], ['s1']], ['succeeded']]);
  });

  it('tells who is in no pool once the only one in it has taken the version while it served', () => {
    const played = new PlayedGroup(1);
    played.verdicts.set('s1/orders@1', 'fails');
    played.join('s1');
    played.rounds(3);
    played.request(policy);
    played.settle();
    expect([played.advanced, played.ended]).toEqual([[['s0'], ['s1']], ['succeeded']]);
    expect(played.group.servingCount).toBe(2);
  });

  it('folds as it did in a log from before the last one was spared: all the others stood by, lost ones beside them or not', () => {
    const played = new PlayedGroup(3);
    const { id } = played.request(policy);
    const about = { group: edge, rollout: id, target: 0, step: 0, passed: null };
    played.lose('s2');
    const tell = (...servers: string[]) => {
      played.tell('rollout.advanced', { ...about, servers: servers as ServerId[] });
      return servers.map((server) => played.server(server).member?.cordon?.until);
    };
    expect([tell('s0'), tell('s1')]).toEqual([['rolled'], ['rolled']]);
    expect(played.rollout.standby).toEqual({ servers: new Set(['s0', 's1']), switchedAt: null });
  });

  it('takes nobody for it that a person has cordoned', () => {
    const played = new PlayedGroup(2);
    played.of('server.cordoned', 's1');
    played.request(policy);
    played.rounds(1);
    played.leave('s0');
    played.rounds(10);
    expect([played.advanced, played.group.servingCount]).toEqual([[['s0']], 1]);
  });
});

describe('what protects nothing', () => {
  it('tells everybody at once: a project the group did not carry', () => {
    const played = new PlayedGroup(5);
    played.request({ minHealthyMs: 0 }, 'new');
    played.settle();
    expect([sizes(played), played.ended]).toEqual([[5], ['succeeded']]);
  });

  it('tells everybody at once: a group with nobody in its pool', () => {
    const played = new PlayedGroup(0);
    for (const id of ['a', 'b', 'c']) played.join(id);
    played.request({ minHealthyMs: 0 });
    played.hear();
    played.decide();
    played.settle();
    expect([sizes(played), played.ended]).toEqual([[3], ['succeeded']]);
  });

  it('is no success by nobody: an empty group waits', () => {
    const played = new PlayedGroup(0);
    played.request({});
    played.rounds(700);
    expect([played.said, played.rollout.status]).toEqual([[], 'running']);
    played.join('first');
    played.settle();
    expect(played.ended).toEqual(['succeeded']);
  });
});

describe('several projects as one', () => {
  it('go one after the other, and succeed together', () => {
    const played = new PlayedGroup(2);
    played.release(quick, 'orders@2', 'users@2');
    played.settle();
    const targets = played.said.flatMap((each) => (each.type === 'rollout.advanced' ? [each.data.target] : []));
    expect([targets, played.ended]).toEqual([[0, 0, 1, 1], ['succeeded']]);
  });

  it('go back together when the second fails', () => {
    const played = new PlayedGroup(2);
    played.verdicts.set('users@2', 'fails');
    played.release(quick, 'orders@2', 'users@2');
    played.settle();
    expect([played.ended, played.holds('s0'), played.holds('s1')]).toEqual([
      ['rolled-back'],
      ['orders@1', 'users@1'],
      ['orders@1', 'users@1'],
    ]);
  });
});
