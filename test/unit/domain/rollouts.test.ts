import { describe, expect, it } from 'vitest';
import { pastRolloutsMax } from '../../../src/domain/limits.ts';
import { directivePosition, directiveServing, isInPool } from '../../../src/domain/membership.ts';
import { targetsOf } from '../../../src/domain/release.ts';
import { fact } from '../../support/decider-spec.ts';
import {
  aborted,
  advanced,
  cordoned,
  failed,
  joined,
  left,
  leaving,
  paused,
  ready,
  released,
  rolledBack,
  rolloutFailed,
  succeeded,
  switched,
  uncordoned,
} from '../../support/fleet-facts.ts';
import {
  type Spec,
  asksFor,
  blueGreen,
  deployment,
  drains,
  edge,
  happens,
  holds,
  inService,
  member,
  proves,
  underWay,
} from '../../support/rollout-spec.ts';

const three = ['s1', 's2', 's3'];
const position = (spec: Spec, id: string) => directivePosition(edge(spec), member(spec, id));

describe('a rollout under way', () => {
  it('tells nobody anything when it is asked for, then those of each step, and them alone', () => {
    const spec = inService(...three);
    const before = three.map((id) => position(spec, id));
    const id = asksFor(spec, '2');
    expect(three.map((one) => position(spec, one))).toEqual(before);
    expect(underWay(spec, id)).toMatchObject({ status: 'running', step: -1, target: 0 });
    happens(spec, failed('s2', 'edge', spec.state.position), advanced('edge', id, ['s2']));
    expect(holds(spec, three)).toEqual(['1', '2', '1']);
    expect(position(spec, 's2')).toBe(spec.state.position);
    expect(member(spec, 's2').failing).toBeNull();
    expect(position(spec, 's1')).toBe(before[0]);
    happens(spec, advanced('edge', id, ['s3'], { step: 1 }), advanced('edge', id, ['s1'], { step: 1 }));
    expect(underWay(spec, id)).toMatchObject({ step: 1, batch: ['s1', 's3'] });
    expect(holds(spec, three)).toEqual(['2', '2', '2']);
  });

  it('counts the proofs of its batch as progress, and when each was', () => {
    const spec = inService(...three);
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1']));
    const { stepAt } = underWay(spec, id);
    proves(spec, 's2');
    expect(underWay(spec, id).progressAt).toBe(stepAt);
    proves(spec, 's1');
    expect(underWay(spec, id)).toMatchObject({ stepAt, progressAt: spec.state.at });
    expect(member(spec, 's1').coversAt).toBe(spec.state.at);
  });

  it('gives who joins the version from before, and forgets who leaves', () => {
    const spec = inService(...three);
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1', 's2']), joined('spare', 'edge'));
    expect(holds(spec, ['s1', 'spare'])).toEqual(['2', '1']);
    happens(spec, leaving('s1', 'edge'), left('s1', 'edge'));
    expect(underWay(spec, id)).toMatchObject({ batch: ['s2'], moved: new Set(['s2']) });
  });

  it('of a project that is new to the group is for everybody at once', () => {
    const spec = inService('s1');
    happens(spec, fact('deployment.withdrawn', { group: 'edge', project: 'orders' } as never));
    const id = asksFor(spec, '2');
    expect(holds(spec, ['s1'])).toEqual(['2']);
    proves(spec, 's1');
    const told = position(spec, 's1');
    happens(spec, advanced('edge', id, ['s1']));
    expect(position(spec, 's1')).toBe(told);
  });

  it('takes one project after another, each to every server before the next', () => {
    const spec = inService('s1', 's2');
    const id = happens(spec, released('edge', { orders: '2', users: '1' })).state.position;
    expect(holds(spec, ['s1'], 'users')).toEqual([undefined]);
    happens(spec, advanced('edge', id, ['s1']), advanced('edge', id, ['s1', 's2'], { target: 1 }));
    expect(holds(spec, ['s1', 's2'])).toEqual(['2', '2']);
    expect(holds(spec, ['s1', 's2'], 'users')).toEqual(['1', '1']);
    const { done, present, ahead } = targetsOf(underWay(spec, id));
    expect([done.length, present?.project, ahead.length]).toEqual([1, 'users', 0]);
    happens(spec, aborted('edge', id));
    expect([...holds(spec, ['s1', 's2']), ...holds(spec, ['s1', 's2'], 'users')]).toEqual([
      '1',
      '1',
      undefined,
      undefined,
    ]);
    happens(spec, rolledBack('edge', id));
    expect(deployment(spec)).toMatchObject({ version: '1', rollout: null, succeededAt: spec.state.position });
    expect(deployment(spec, 'users')).toBeUndefined();
  });
});

describe('a rollout that drains first', () => {
  function draining(): { spec: Spec; id: number } {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2', { change: 'drain-first' });
    happens(spec, advanced('edge', id, ['s1']));
    return { spec, id };
  }

  it('holds the version from before until it is out of the pool, and comes back with the new one', () => {
    const { spec, id } = draining();
    expect(member(spec, 's1')).toMatchObject({ cordon: { until: 'rolled', drained: false }, drain: { next: null } });
    expect(holds(spec, ['s1'])).toEqual(['1']);
    drains(spec, 's1');
    expect(holds(spec, ['s1'])).toEqual(['2']);
    expect([position(spec, 's1'), directiveServing(member(spec, 's1'))]).toEqual([spec.state.position, 'yes']);
    proves(spec, 's1');
    expect(isInPool(member(spec, 's1'))).toBe(false);
    happens(spec, uncordoned('s1', 'edge'), ready('s1', 'edge', spec.state.position));
    expect(isInPool(member(spec, 's1'))).toBe(true);
    expect(underWay(spec, id).moved).toEqual(new Set(['s1']));
  });

  it.each([
    ['cordoned', cordoned('s1', 'edge')],
    ['uncordoned', uncordoned('s1', 'edge')],
  ])('lets go of a server that a person has %s meanwhile', (_, event) => {
    const { spec, id } = draining();
    happens(spec, event);
    expect(underWay(spec, id)).toMatchObject({ moved: new Set(), waiting: new Set() });
    expect(holds(spec, ['s1'])).toEqual(['1']);
  });

  it('goes back with nobody having held the new version, when it is aborted in time', () => {
    const { spec, id } = draining();
    happens(spec, aborted('edge', id));
    drains(spec, 's1');
    expect(holds(spec, ['s1', 's2'])).toEqual(['1', '1']);
  });
});

describe('a blue-green rollout', () => {
  function standing(): { spec: Spec; id: number } {
    const spec = inService(...three);
    const id = asksFor(spec, '2', blueGreen);
    happens(spec, advanced('edge', id, ['s1']));
    drains(spec, 's1');
    proves(spec, 's1');
    return { spec, id };
  }
  function switchedTo(): { spec: Spec; id: number } {
    const { spec, id } = standing();
    happens(spec, switched('edge', id, { to: ['s1'], from: ['s2', 's3'] }));
    return { spec, id };
  }

  it('has its standby part hold the new version out of the pool, ready for traffic', () => {
    const { spec, id } = standing();
    expect(underWay(spec, id).standby).toEqual({ servers: new Set(['s1']), switchedAt: null });
    expect(holds(spec, three)).toEqual(['2', '1', '1']);
    expect([isInPool(member(spec, 's1')), directiveServing(member(spec, 's1'))]).toEqual([false, 'yes']);
  });

  it('switches the pool in one revision, and keeps the old part as it was', () => {
    const { spec, id } = switchedTo();
    const { position: p } = spec.state;
    expect(member(spec, 's1')).toMatchObject({ admittedAt: p, entryAt: p, cordon: null });
    expect(member(spec, 's2')).toMatchObject({ entryAt: p, cordon: { until: 'rolled' }, drain: { at: p, next: null } });
    expect(edge(spec)).toMatchObject({ poolChangedAt: p, servingCount: 1 });
    drains(spec, 's2', 's3');
    expect(holds(spec, three)).toEqual(['2', '1', '1']);
    happens(spec, advanced('edge', id, ['s2', 's3'], { step: 1 }));
    expect(holds(spec, three)).toEqual(['2', '2', '2']);
  });

  it('switches back before anybody of the standby part changes', () => {
    const { spec, id } = switchedTo();
    drains(spec, 's2', 's3');
    proves(spec, 's2', 's3');
    happens(spec, rolloutFailed('edge', id));
    expect(holds(spec, three)).toEqual(['2', '1', '1']);
    happens(spec, switched('edge', id, { to: ['s2', 's3'], from: ['s1'] }));
    expect([holds(spec, ['s1']), edge(spec).servingCount]).toEqual([['2'], 2]);
    drains(spec, 's1');
    expect(holds(spec, three)).toEqual(['1', '1', '1']);
  });

  it('goes back at once when the old part has followed already', () => {
    const { spec, id } = switchedTo();
    drains(spec, 's2', 's3');
    happens(spec, advanced('edge', id, ['s2'], { step: 1 }), aborted('edge', id));
    expect(underWay(spec, id).standby).toBeNull();
    expect(holds(spec, three)).toEqual(['1', '1', '1']);
  });

  it('takes nobody out where nobody else would serve', () => {
    const spec = inService('s1');
    const id = asksFor(spec, '2', blueGreen);
    happens(spec, advanced('edge', id, ['s1']));
    expect([underWay(spec, id).standby, member(spec, 's1').cordon]).toEqual([null, null]);
  });

  it('has one that restarts stand by again', () => {
    const { spec } = standing();
    happens(spec, fact('server.draining', { server: 's1', group: 'edge', drainTimeoutMs: 1, until: 'registered' }));
    const { address } = spec.state.serverById.get('s1' as never) as never;
    happens(spec, fact('server.registered', { server: 's1', address, labels: {} }));
    expect(member(spec, 's1').cordon).toMatchObject({ drained: true, until: 'rolled' });
  });
});

describe('what becomes of a rollout', () => {
  it('succeeded: everybody shall hold it, and only those who did not are told', () => {
    const spec = inService(...three);
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1', 's2']));
    const before = position(spec, 's1');
    happens(spec, succeeded('edge', id));
    expect(holds(spec, three)).toEqual(['2', '2', '2']);
    expect([position(spec, 's1'), position(spec, 's3')]).toEqual([before, spec.state.position]);
    expect(deployment(spec)).toMatchObject({ succeededAt: spec.state.position, lastGood: null, rollout: null });
    expect(edge(spec).pastRollouts.at(-1)).toMatchObject({ id, status: 'succeeded', ended: spec.state.position });
  });

  it('superseded: its servers go back, and what else it was about too', () => {
    const spec = inService('s1', 's2');
    const first = happens(spec, released('edge', { users: '1', orders: '2' })).state.position;
    const second = asksFor(spec, '3');
    expect([...edge(spec).rolloutById.keys()]).toEqual([second]);
    expect(edge(spec).pastRollouts.at(-1)).toMatchObject({ id: first, status: 'superseded' });
    expect(deployment(spec, 'users')).toBeUndefined();
    expect(deployment(spec)).toMatchObject({ version: '3', lastGood: { version: '1' } });
  });

  it('paused, resumed, promoted, halted, retried: as the words say', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    const now = () => underWay(spec, id);
    happens(spec, advanced('edge', id, ['s1']), paused('edge', id, 'step'));
    expect(now()).toMatchObject({ status: 'paused', pausedBy: 'step' });
    happens(spec, fact('rollout.resumed', { group: 'edge', rollout: id }));
    expect(now()).toMatchObject({ status: 'running', pausedBy: null, promoted: 'step', stepAt: spec.state.at });
    happens(spec, fact('rollout.promoted', { group: 'edge', rollout: id, all: true }), paused('edge', id));
    happens(spec, fact('rollout.promoted', { group: 'edge', rollout: id, all: false }));
    expect(now()).toMatchObject({ status: 'running', promoted: 'all' });
    happens(spec, failed('s1', 'edge', spec.state.position), rolloutFailed('edge', id, 'halt'));
    expect(now()).toMatchObject({ status: 'halted', reason: 'it failed' });
    happens(spec, fact('rollout.retried', { group: 'edge', rollout: id }));
    expect(now()).toMatchObject({ status: 'running', reason: '' });
    expect(member(spec, 's1')).toMatchObject({ failing: null, directiveAt: spec.state.position });
  });

  it('is remembered, the last ones', () => {
    const spec = inService('s1');
    for (let index = 0; index < pastRolloutsMax + 5; index += 1) asksFor(spec, index % 2 === 0 ? '2' : '3');
    expect(edge(spec).pastRollouts).toHaveLength(pastRolloutsMax);
    expect(edge(spec).pastRollouts.at(-1)?.ended).toBe(spec.state.position);
  });
});
