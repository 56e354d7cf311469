import { describe, expect, it } from 'vitest';
import { balancersOf, unconfirmedBalancers } from '../../../src/projections/balancers.ts';
import { poolOf } from '../../../src/projections/pool.ts';
import { Fleet, haproxy, production, serverId, staging } from './given.ts';

function entries(fleet: Fleet): unknown[] {
  return (poolOf(fleet.state, production)?.entries ?? []).map(({ server, admin, position }) => [
    server,
    admin,
    position,
  ]);
}

describe('a pool', () => {
  it('holds those ready, sorted, each since it was let in, and nobody who syncs or failed', () => {
    const fleet = new Fleet();
    for (const server of ['c', 'a', 'b', 'd']) fleet.register(server);
    const joins = ['c', 'a', 'b', 'd'].map((server) => fleet.join(server));
    const readyC = fleet.ready('c', joins[0] as number);
    const readyA = fleet.ready('a', joins[1] as number);
    fleet.fail('b', joins[2] as number);
    expect(entries(fleet)).toEqual([
      ['a', 'ready', readyA],
      ['c', 'ready', readyC],
    ]);
    expect(poolOf(fleet.state, production)?.position).toBe(readyA);
  });

  it('drains a server that was in it, and never lists one that was not', () => {
    const fleet = new Fleet();
    for (const server of ['a', 'b']) fleet.register(server);
    const joinedAt = fleet.join('a');
    fleet.join('b');
    fleet.ready('a', joinedAt);
    const leavingAt = fleet.leave('a');
    fleet.leave('b');
    expect(entries(fleet)).toEqual([['a', 'drain', leavingAt]]);
    const leftAt = fleet.left('a');
    expect(entries(fleet)).toEqual([]);
    expect(poolOf(fleet.state, production)?.position).toBe(leftAt);
  });

  it('moves an entry with its address or weight', () => {
    const fleet = new Fleet();
    fleet.register('a');
    fleet.ready('a', fleet.join('a'));
    const configuredAt = fleet.tell('server.configured', { server: serverId('a'), labels: {}, weight: 7 });
    expect(poolOf(fleet.state, production)).toMatchObject({
      position: configuredAt,
      entries: [{ server: 'a', weight: 7, position: configuredAt }],
    });
  });

  it('keeps a server that could not apply a newer set', () => {
    const fleet = new Fleet();
    fleet.register('a');
    const readyAt = fleet.ready('a', fleet.join('a'));
    fleet.fail('a', fleet.deploy('orders', '2'));
    expect(entries(fleet)).toEqual([['a', 'ready', readyAt]]);
  });

  it('of a group that is not there is none', () => {
    expect(poolOf(new Fleet().state, 'nowhere' as never)).toBeNull();
  });
});

describe('the balancers of a group', () => {
  const nginx = 'nginx' as typeof haproxy;

  it('are those for all groups and those that name it, sorted', () => {
    const fleet = new Fleet();
    fleet.balancer(nginx, [production]);
    fleet.balancer(haproxy, 'all');
    expect(balancersOf(fleet.state, production)).toEqual([haproxy, nginx]);
    expect(balancersOf(fleet.state, staging)).toEqual([haproxy]);
  });

  it('have confirmed a pool by a receipt at or past it, under this log, and under the term where one is asked', () => {
    const fleet = new Fleet();
    fleet.balancer();
    const unconfirmed = (term?: number) => unconfirmedBalancers(fleet.state, fleet.observed, production, 10, term);
    expect(unconfirmed()).toEqual([haproxy]);
    fleet.confirm(9);
    expect(unconfirmed()).toEqual([haproxy]);
    fleet.confirm(10);
    expect(unconfirmed()).toEqual([]);
    expect(unconfirmed(3)).toEqual([]);
    expect(unconfirmed(4)).toEqual([haproxy]);
    fleet.confirm(20, { log: 'log-other' as never });
    expect(unconfirmed()).toEqual([haproxy]);
  });
});
