import { describe, expect, it } from 'vitest';
import type { EventData } from '../../../schemas/events.ts';
import type { Strategy } from '../../../schemas/rollout.ts';
import type { Proposal } from '../../../src/domain/propose.ts';
import type { Fact } from '../../../src/domain/ruling.ts';
import {
  aborted,
  advanced,
  cordoned,
  draining,
  failed,
  joined,
  leaving,
  lost,
  paused,
  released,
  rolloutFailed,
  switched,
  uncordoned,
} from '../../support/fleet-facts.ts';
import {
  type Spec,
  asksFor,
  blueGreen,
  drains,
  happens,
  holds,
  inService,
  noGate,
  overtaken,
  proves,
  underWay,
  wrong,
} from '../../support/rollout-spec.ts';

const proposes = (spec: Spec, fact: Fact, at = 0) => spec.proposed(fact as unknown as Proposal, at);
const ended = (spec: Spec, way: 'succeeded' | 'rolled-back', rollout: number, at = 0) =>
  proposes(spec, { type: `rollout.${way}`, data: { group: 'edge', rollout } } as never, at);
const happened = (type: string) => ({ type, principal: 'system' });

describe('a step', () => {
  it('tells members that are there to be told, and follows the one before', () => {
    const spec = inService('s1', 's2', 's3');
    const id = asksFor(spec, '2');
    const told = (servers: string[], step: { target?: number; step?: number } = {}) =>
      proposes(spec, advanced('edge', id, servers, step));
    expect(told([])).toMatchObject(wrong);
    expect(told(['s1'], { step: 1 })).toMatchObject(overtaken);
    expect(told(['s1'], { target: 1 })).toMatchObject(overtaken);
    expect(told(['spare'])).toMatchObject(overtaken);
    expect(told(['s1'])).toMatchObject(happened('rollout.advanced'));
    expect(told(['s1'])).toMatchObject(overtaken);
    expect(told(['s2'])).toMatchObject(happened('rollout.advanced'));
    happens(spec, paused('edge', id));
    expect(told(['s3'], { step: 1 })).toMatchObject(overtaken);
    expect(proposes(spec, advanced('edge', 99, ['s3']))).toMatchObject(overtaken);
  });

  it.each([
    ['lost', lost('s1', 'edge')],
    ['leaving', leaving('s1', 'edge')],
    ['drained by a person', draining('s1', 'edge')],
  ])('does not tell a server that is %s', (_, event) => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    happens(spec, event);
    expect(proposes(spec, advanced('edge', id, ['s1']))).toMatchObject(overtaken);
  });

  it('tells one that is cordoned in the pool, which it serves', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    happens(spec, cordoned('s1', 'edge'));
    expect(proposes(spec, advanced('edge', id, ['s1']))).toMatchObject({ type: 'rollout.advanced' });
  });

  it('begins the next project once everybody that serves was told this one', () => {
    const spec = inService('s1', 's2');
    const id = happens(spec, released('edge', { orders: '2', users: '1' })).state.position;
    const next = () => proposes(spec, advanced('edge', id, ['s1', 's2'], { target: 1 }));
    happens(spec, advanced('edge', id, ['s1']));
    expect(next()).toMatchObject(overtaken);
    happens(spec, advanced('edge', id, ['s2']));
    expect(next()).toMatchObject(happened('rollout.advanced'));
  });

  it('pauses by itself where its policy says so and nobody has promoted it', () => {
    const spec = inService('s1', 's2');
    const plain = asksFor(spec, '2');
    expect(proposes(spec, paused('edge', plain, 'step'))).toMatchObject(wrong);
    const strategy: Strategy = { kind: 'canary', steps: [{ servers: 1, pause: true }], batch: 1 };
    const id = asksFor(spec, '3', { strategy });
    expect(proposes(spec, paused('edge', id, 'operator'))).toMatchObject(wrong);
    expect(proposes(spec, paused('edge', id, 'step'))).toMatchObject(happened('rollout.paused'));
    spec.when('rollout.resume', { group: 'edge', project: 'orders' });
    expect(proposes(spec, paused('edge', id, 'step'))).toMatchObject(overtaken);
  });
});

describe('a failure', () => {
  const fails = (spec: Spec, id: number, cause: EventData<'rollout.failed'>['cause'], at = 0) =>
    proposes(spec, rolloutFailed('edge', id, 'roll-back', cause), at);

  it('is one by the policy, by the failures there are, and by the log’s time', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1']));
    expect(proposes(spec, rolloutFailed('edge', id, 'halt'))).toMatchObject(wrong);
    expect(fails(spec, id, 'sync-failed')).toMatchObject(overtaken);
    const { stepAt } = underWay(spec, id);
    expect(fails(spec, id, 'healthy-deadline', stepAt + 299_999)).toMatchObject(overtaken);
    expect(fails(spec, id, 'progress-deadline', stepAt + 599_999)).toMatchObject(overtaken);
    happens(spec, failed('s1', 'edge', spec.state.position));
    expect(fails(spec, id, 'sync-failed')).toMatchObject(happened('rollout.failed'));
    expect(fails(spec, id, 'unhealthy')).toMatchObject(overtaken);
    expect(holds(spec, ['s1'])).toEqual(['1']);
  });

  it('by a deadline is one from then on', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1']));
    const { stepAt } = underWay(spec, id);
    expect(fails(spec, id, 'healthy-deadline', stepAt + 300_000)).toMatchObject(happened('rollout.failed'));
  });
});

describe('a success', () => {
  it('is everybody’s who can hold it, and never nobody’s', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1']));
    proves(spec, 's1');
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    happens(spec, advanced('edge', id, ['s2'], { step: 1 }));
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    happens(spec, lost('s2', 'edge'));
    expect(ended(spec, 'succeeded', id)).toMatchObject({ data: { evidence: { servers: 1 } } });
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    const nobody = inService();
    expect(ended(nobody, 'succeeded', asksFor(nobody, '2'))).toMatchObject(overtaken);
  });

  it('bears as many failures as the policy allows', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2', { failuresAllowed: 1 });
    happens(spec, advanced('edge', id, ['s1', 's2']), failed('s2', 'edge', spec.state.position + 1));
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    proves(spec, 's1');
    expect(ended(spec, 'succeeded', id)).toMatchObject({ data: { evidence: { servers: 1 } } });
  });

  it('waits for the last project, for who joins, and for who is still out of the pool', () => {
    const spec = inService('s1', 's2');
    const id = happens(spec, released('edge', { orders: '2', users: '1' }, { change: 'drain-first' })).state.position;
    happens(spec, advanced('edge', id, ['s1', 's2']));
    drains(spec, 's1', 's2');
    proves(spec, 's1', 's2');
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    happens(spec, advanced('edge', id, ['s1', 's2'], { target: 1 }));
    proves(spec, 's1', 's2');
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    happens(spec, uncordoned('s1', 'edge'), uncordoned('s2', 'edge'), joined('spare', 'edge'));
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    proves(spec, 'spare', 's1', 's2');
    expect(ended(spec, 'succeeded', id)).toMatchObject({ data: { evidence: { servers: 3 } } });
  });
});

describe('the way back', () => {
  it('is over when who was told is back or has given up, or time is up', () => {
    const spec = inService('s1', 's2', 's3');
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1', 's2']));
    expect(ended(spec, 'rolled-back', id)).toMatchObject(overtaken);
    happens(spec, aborted('edge', id), joined('spare', 'edge'));
    proves(spec, 's1');
    expect(ended(spec, 'rolled-back', id)).toMatchObject(overtaken);
    expect(ended(spec, 'succeeded', id)).toMatchObject(overtaken);
    happens(spec, failed('s2', 'edge', spec.state.position));
    expect(ended(spec, 'rolled-back', id)).toMatchObject({ data: { evidence: { servers: 1 } } });
    const late = asksFor(spec, '3');
    happens(spec, advanced('edge', late, ['s1']), aborted('edge', late));
    const { progressAt } = underWay(spec, late);
    expect(ended(spec, 'rolled-back', late, progressAt + 599_999)).toMatchObject(overtaken);
    expect(ended(spec, 'rolled-back', late, progressAt + 600_000)).toMatchObject({
      data: { evidence: { servers: 0 } },
    });
  });
});

describe('who comes back into the pool', () => {
  it('is who a rollout took out, once it has proved the new version', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2', { change: 'drain-first' });
    happens(spec, advanced('edge', id, ['s1']), cordoned('s2', 'edge'));
    const back = (server: string) => proposes(spec, uncordoned(server, 'edge'));
    expect(back('s1')).toMatchObject(overtaken);
    drains(spec, 's1');
    expect(back('s1')).toMatchObject(overtaken);
    proves(spec, 's1');
    expect(back('s1')).toMatchObject(happened('server.uncordoned'));
    expect(back('s1')).toMatchObject(overtaken);
    expect(back('s2')).toMatchObject(overtaken);
    expect(back('s9')).toMatchObject(overtaken);
  });

  it('is also who drains for a rollout that has turned round', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2', { change: 'drain-first' });
    happens(spec, advanced('edge', id, ['s1']), aborted('edge', id));
    expect(proposes(spec, uncordoned('s1', 'edge'))).toMatchObject(happened('server.uncordoned'));
    expect(spec.state.serverById.get('s1' as never)?.member).toMatchObject({ cordon: null, drain: null });
  });
});

describe('a switch', () => {
  const to = (spec: Spec, id: number, parts: { to: string[]; from: string[] }) =>
    proposes(spec, switched('edge', id, parts));

  it('is to who stands by with a proof, from all that serve the version from before', () => {
    const spec = inService('s1', 's2', 's3');
    const id = asksFor(spec, '2', blueGreen);
    const parts = { to: ['s1'], from: ['s2', 's3'] };
    expect(to(spec, id, parts)).toMatchObject(overtaken);
    happens(spec, advanced('edge', id, ['s1']));
    expect(to(spec, id, parts)).toMatchObject(overtaken);
    drains(spec, 's1');
    expect(to(spec, id, parts)).toMatchObject(overtaken);
    proves(spec, 's1');
    expect(proposes(spec, uncordoned('s1', 'edge'))).toMatchObject(overtaken);
    expect(to(spec, id, { to: [], from: ['s2', 's3'] })).toMatchObject(overtaken);
    expect(to(spec, id, { to: ['s1'], from: ['s2'] })).toMatchObject(overtaken);
    expect(to(spec, id, { to: ['s1'], from: ['s2', 's3', 'spare'] })).toMatchObject(overtaken);
    expect(to(spec, id, { to: ['s2'], from: ['s3'] })).toMatchObject(overtaken);
    expect(to(spec, id, parts)).toMatchObject({ ...happened('rollout.switched'), data: { passed: noGate } });
    expect(to(spec, id, parts)).toMatchObject(overtaken);
  });

  it('keeps the old part out until it is moved, and back again goes to that', () => {
    const spec = inService('s1', 's2', 's3');
    const id = asksFor(spec, '2', blueGreen);
    happens(spec, advanced('edge', id, ['s1']));
    drains(spec, 's1');
    proves(spec, 's1');
    happens(spec, switched('edge', id, { to: ['s1'], from: ['s2', 's3'] }));
    drains(spec, 's2', 's3');
    proves(spec, 's2', 's3');
    expect(proposes(spec, uncordoned('s2', 'edge'))).toMatchObject(overtaken);
    happens(spec, aborted('edge', id));
    expect(ended(spec, 'rolled-back', id)).toMatchObject(overtaken);
    expect(to(spec, id, { to: ['s2', 's3'], from: [] })).toMatchObject(overtaken);
    expect(to(spec, id, { to: ['s2', 's3'], from: ['s1'] })).toMatchObject(happened('rollout.switched'));
    drains(spec, 's1');
    proves(spec, 's1');
    expect(proposes(spec, uncordoned('s1', 'edge'))).toMatchObject(happened('server.uncordoned'));
    expect(ended(spec, 'rolled-back', id)).toMatchObject({ data: { evidence: { servers: 1 } } });
  });
});
