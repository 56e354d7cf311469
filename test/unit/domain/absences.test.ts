import { describe, expect, it } from 'vitest';
import { isInPool, statusOf } from '../../../src/domain/membership.ts';
import type { Proposal } from '../../../src/domain/propose.ts';
import type { Fact } from '../../../src/domain/ruling.ts';
import { append, fact, given } from '../../support/decider-spec.ts';
import {
  created,
  createdWith,
  draining,
  failed,
  joined,
  leaving,
  lost,
  ready,
  registered,
  returned,
} from '../../support/fleet-facts.ts';

const proposal = (it: unknown) => it as Proposal;
const overtaken = expect.objectContaining({ code: 'overtaken' });
const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index + 1}`);

/** A group whose pool has so many servers. */
function pool(count: number, group: Fact = created('edge')) {
  const spec = given(group);
  for (const id of names(count)) enter(spec, id);
  return spec;
}

type Spec = ReturnType<typeof given>;
function enter(spec: Spec, id: string): void {
  append(spec.state, registered(id));
  const { position } = append(spec.state, joined(id, 'edge'));
  append(spec.state, ready(id, 'edge', position));
}
const server = (spec: Spec, id: string) => spec.state.serverById.get(id as never);
const edge = (spec: Spec) => spec.state.groupById.get('edge' as never);
const inPool = (spec: Spec) =>
  [...spec.state.serverById.values()].filter(({ member }) => isInPool(member)).map(({ id }) => id as string);
const isLost = (spec: Spec, id: string, at = 0) => spec.proposed(proposal(lost(id, 'edge')), at);

describe('a server whose heartbeats are missing', () => {
  it('is out of the pool, once, and enters again by a proof', () => {
    const spec = pool(2);
    expect(isLost(spec, 's1')).toMatchObject({ type: 'server.lost', data: { held: false } });
    expect(isLost(spec, 's1')).toEqual(overtaken);
    expect(inPool(spec)).toEqual(['s2']);
    expect(edge(spec)?.poolChangedAt).toBe(spec.state.position);
    expect(spec.proposed(proposal(returned('s1', 'edge')))).toMatchObject({ type: 'server.returned' });
    expect(spec.proposed(proposal(returned('s1', 'edge')))).toEqual(overtaken);
    const { position } = spec.state;
    expect(server(spec, 's1')?.member).toMatchObject({ directiveAt: position, covers: 0, admittedAt: null });
    expect([...(edge(spec)?.syncing ?? [])]).toEqual(['s1']);
    spec.proposed(proposal(ready('s1', 'edge', position)));
    expect(inPool(spec)).toEqual(['s1', 's2']);
  });

  it('is lost wherever it is, and nowhere it is not', () => {
    const spec = given(created('edge'), registered('s1'));
    expect(isLost(spec, 's1')).toEqual(overtaken);
    expect(isLost(spec, 's9')).toEqual(overtaken);
    expect(spec.proposed(proposal(lost('s1', null)))).toMatchObject({ data: { held: false, group: null } });
    expect(statusOf(server(spec, 's1') as never)).toBe('lost');
    append(spec.state, joined('s1', 'edge'));
    expect(edge(spec)?.syncing.size).toBe(0);
    expect(spec.proposed(proposal(returned('s1', null)))).toEqual(overtaken);
    expect(spec.proposed(proposal(returned('s1', 'edge')))).toMatchObject({ type: 'server.returned' });
    expect([...(edge(spec)?.syncing ?? [])]).toEqual(['s1']);
  });

  it('starts anew when it is back: what it failed before is forgotten', () => {
    const spec = pool(1);
    append(spec.state, registered('s9'));
    const { position } = append(spec.state, joined('s9', 'edge'));
    for (const event of [failed('s9', 'edge', position), lost('s9', 'edge'), returned('s9', 'edge')])
      append(spec.state, event);
    expect(statusOf(server(spec, 's9') as never)).toBe('syncing');
  });

  it('goes on draining when it drains, and counts for nothing', () => {
    const spec = pool(3);
    append(spec.state, draining('s1', 'edge'));
    expect(isLost(spec, 's1')).toMatchObject({ data: { held: false } });
    expect(inPool(spec)).toEqual(['s1', 's2', 's3']);
    expect(edge(spec)?.absences).toBeNull();
  });
});

describe('the floor', () => {
  it('holds the last server that takes requests', () => {
    const spec = pool(2, createdWith('edge', { floorPercent: 0 }));
    append(spec.state, leaving('s2', 'edge'));
    expect(isLost(spec, 's1')).toMatchObject({ data: { held: true } });
    expect(inPool(spec)).toEqual(['s1', 's2']);
    expect(server(spec, 's1')?.member).toMatchObject({ held: true, entryAt: spec.state.position });
    spec.proposed(proposal(returned('s1', 'edge')));
    expect(server(spec, 's1')?.member).toMatchObject({ held: false, admittedAt: 5 });
    expect(statusOf(server(spec, 's1') as never)).toBe('ready');
  });

  it.each([
    [10, 50, 5],
    [5, 50, 3],
    [3, 100, 3],
    [4, 0, 1],
    [1, 50, 1],
    [7, 30, 3],
  ])('of %i servers at %i percent keeps %i', (count, floorPercent, kept) => {
    const spec = pool(count, createdWith('edge', { floorPercent }));
    for (const id of names(count)) isLost(spec, id);
    expect(inPool(spec).length).toBe(kept);
    expect(edge(spec)?.heldCount).toBe(kept);
  });

  it('counts absences within one window together, and anew after it', () => {
    const spec = pool(4, createdWith('edge', { floorWindowMs: 1_000 }));
    const began = spec.state.at + 10_000;
    expect(isLost(spec, 's1', began)).toMatchObject({ data: { held: false } });
    expect(isLost(spec, 's2', began + 500)).toMatchObject({ data: { held: false } });
    expect(isLost(spec, 's3', began + 1_000)).toMatchObject({ data: { held: true } });
    expect(spec.proposed(proposal(returned('s3', 'edge')))).toMatchObject({ type: 'server.returned' });
    expect(isLost(spec, 's3', began + 1_001)).toMatchObject({ data: { held: false } });
    expect(edge(spec)?.absences).toEqual({ beganAt: began + 1_001, size: 2, removed: 1 });
    expect(isLost(spec, 's4', began + 5_000)).toMatchObject({ data: { held: true } });
  });

  it('never lets an absence take the last one after commands took the others', () => {
    const spec = pool(10);
    for (const id of names(8)) append(spec.state, leaving(id, 'edge'));
    expect(isLost(spec, 's9')).toMatchObject({ data: { held: false } });
    expect(isLost(spec, 's10')).toMatchObject({ data: { held: true } });
  });

  it('is of the pool as it has grown', () => {
    const spec = pool(2);
    isLost(spec, 's1');
    for (const id of ['n1', 'n2', 'n3', 'n4', 'n5']) enter(spec, id);
    expect(isLost(spec, 's2')).toMatchObject({ data: { held: false } });
  });

  it('lets a held server go once enough others take requests', () => {
    const spec = pool(1);
    isLost(spec, 's1');
    expect(isLost(spec, 's1')).toEqual(overtaken);
    enter(spec, 'n1');
    expect(isLost(spec, 's1')).toMatchObject({ data: { held: false } });
    expect(inPool(spec)).toEqual(['n1']);
    expect(isLost(spec, 's1')).toEqual(overtaken);
    expect(isLost(spec, 'n1')).toMatchObject({ data: { held: true } });
  });

  it('gives way to a command, which says so', () => {
    const told = (left: number, size: number, floor: number) => [
      `the pool of group "edge" goes down to ${left} of ${size} servers, below its floor of ${floor}: by this explicit command`,
    ];
    const warningsOf = (spec: Spec, type: string, body: object) => {
      const { decision } = spec.when(type, body);
      return decision.status === 'decided' ? decision.event.warnings : undefined;
    };
    expect(warningsOf(pool(2), 'server.leave', { server: 's1' })).toBeUndefined();
    expect(warningsOf(pool(1), 'server.leave', { server: 's1' })).toEqual(told(0, 1, 1));
    expect(warningsOf(pool(1), 'server.drain', { server: 's1' })).toEqual(told(0, 1, 1));
    expect(warningsOf(pool(1), 'server.retire', { server: 's1' })).toEqual(told(0, 1, 1));
    expect(warningsOf(pool(1), 'server.move', { server: 's1', group: 'Production' })).toEqual(told(0, 1, 1));
    expect(warningsOf(pool(4), 'group.set-servers', { group: 'edge', servers: ['s1'] })).toEqual(told(1, 4, 2));
    const spec = pool(4);
    for (const id of ['s1', 's2']) isLost(spec, id);
    expect(warningsOf(spec, 'server.leave', { server: 's3' })).toEqual(told(1, 4, 2));
    expect(warningsOf(spec, 'server.retire', { server: 's1' })).toBeUndefined();
  });
});

describe('a pool that is held', () => {
  const isHeld = proposal({ type: 'pool.held', data: { group: 'edge' } });
  const isReleased = proposal({ type: 'pool.released', data: { group: 'edge' } });

  it('is said to be so once, with whom and why, and released once nobody is held', () => {
    const spec = pool(2);
    expect(spec.proposed(isHeld)).toEqual(overtaken);
    isLost(spec, 's2');
    expect(spec.proposed(isHeld)).toEqual(overtaken);
    isLost(spec, 's1');
    expect(spec.proposed(isReleased)).toEqual(overtaken);
    expect(spec.proposed(isHeld)).toMatchObject({ data: { group: 'edge', servers: ['s1'], size: 2, floor: 1 } });
    expect(edge(spec)?.heldAt).toBe(spec.state.position);
    expect(spec.proposed(isHeld)).toEqual(overtaken);
    expect(spec.proposed(isReleased)).toEqual(overtaken);
    append(spec.state, leaving('s1', 'edge'));
    expect(spec.proposed(isReleased)).toMatchObject({ type: 'pool.released' });
    expect(spec.proposed(isReleased)).toEqual(overtaken);
    expect(edge(spec)?.heldAt).toBeNull();
  });
});

describe('a balancer', () => {
  it('is lost and back, once each, and stays lost through registering', () => {
    const lb = (groups: 'all' | string[]) =>
      fact('balancer.registered', { balancer: 'lb', kind: 'haproxy', groups: groups as 'all' });
    const spec = given(lb('all'));
    const evidence = { seenAt: 1, leaseMs: 1 };
    const isGone = proposal({ type: 'balancer.lost', data: { balancer: 'lb', evidence } });
    const isBack = proposal({ type: 'balancer.returned', data: { balancer: 'lb' } });
    expect(spec.proposed(isBack)).toEqual(overtaken);
    expect(spec.proposed(isGone)).toMatchObject({ position: 3 });
    expect(spec.proposed(isGone)).toEqual(overtaken);
    append(spec.state, lb(['production']));
    expect(spec.state.balancerById.get('lb' as never)?.lostAt).toBe(3);
    expect(spec.proposed(isBack)).toMatchObject({ type: 'balancer.returned' });
    expect(spec.state.balancerById.get('lb' as never)?.lostAt).toBeNull();
    append(spec.state, fact('balancer.retired', { balancer: 'lb' }));
    expect(spec.proposed(isGone)).toEqual(overtaken);
    expect(spec.proposed(isBack)).toEqual(overtaken);
  });
});
