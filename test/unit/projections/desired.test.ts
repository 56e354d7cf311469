import { describe, expect, it } from 'vitest';
import { desiredFor, groupDesired } from '../../../src/projections/desired.ts';
import { Fleet, production, serverId } from './given.ts';

const edge = serverId('edge');

describe('what a server should hold', () => {
  it('is nothing for one in no group, and for one nobody knows', () => {
    const fleet = new Fleet();
    fleet.register('edge');
    expect(desiredFor(fleet.state, edge)).toBeNull();
    expect(desiredFor(fleet.state, serverId('ghost'))).toBeNull();
  });

  it('is its group’s deployments sorted by project, at its joining when that came last', () => {
    const fleet = new Fleet();
    fleet.deploy('orders', '1');
    fleet.deploy('billing', '2');
    fleet.register('edge');
    const joinedAt = fleet.join('edge');
    const desired = desiredFor(fleet.state, edge);
    expect(desired?.position).toBe(joinedAt);
    expect(desired?.projects.map(({ project, version }) => `${project}@${version}`)).toEqual(['billing@2', 'orders@1']);
  });

  it('moves with the group’s last deployment, and never lies below its drain', () => {
    const fleet = new Fleet();
    fleet.register('edge');
    const joinedAt = fleet.join('edge');
    const first = fleet.deploy('orders', '1');
    expect(desiredFor(fleet.state, edge)?.position).toBe(first);
    fleet.ready('edge', joinedAt);
    const second = fleet.deploy('orders', '2');
    expect(desiredFor(fleet.state, edge)?.position).toBe(second);
    const leavingAt = fleet.leave('edge');
    expect(desiredFor(fleet.state, edge)).toMatchObject({ position: leavingAt, serving: 'draining' });
    const third = fleet.deploy('orders', '3');
    expect(desiredFor(fleet.state, edge)).toMatchObject({ position: third, serving: 'draining' });
  });
});

describe('which version a member should hold', () => {
  const wanted = (fleet: Fleet, server: string) =>
    desiredFor(fleet.state, serverId(server))?.projects.map(({ project, version }) => `${project}@${version}`);

  it('is the new one for whoever the rollout has told, and what last worked for everybody else until it is over', () => {
    const fleet = new Fleet();
    for (const server of ['there', 'late']) fleet.register(server);
    fleet.join('there');
    fleet.deploy('orders', '1');
    fleet.succeed('orders');
    fleet.deploy('orders', '2');
    fleet.join('late');
    expect([wanted(fleet, 'there'), wanted(fleet, 'late')]).toEqual([['orders@1'], ['orders@1']]);
    fleet.advance('orders', 'there');
    expect([wanted(fleet, 'there'), wanted(fleet, 'late')]).toEqual([['orders@2'], ['orders@1']]);
    const succeededAt = fleet.succeed('orders');
    expect(wanted(fleet, 'late')).toEqual(['orders@2']);
    expect(desiredFor(fleet.state, serverId('late'))?.position).toBe(succeededAt);
  });

  it('is the new one for everybody while nothing ever worked', () => {
    const fleet = new Fleet();
    fleet.deploy('orders', '1');
    fleet.register('edge');
    fleet.join('edge');
    expect(wanted(fleet, 'edge')).toEqual(['orders@1']);
  });
});

describe('whether a server should take requests', () => {
  const serving = (fleet: Fleet) => desiredFor(fleet.state, edge)?.serving;

  it('is no from the beginning of its drain until it is uncordoned, and a cordon alone changes nothing', () => {
    const fleet = new Fleet();
    fleet.register('edge');
    fleet.ready('edge', fleet.join('edge'));
    fleet.of('server.cordoned', 'edge');
    expect(serving(fleet)).toBe('yes');
    const drainAt = fleet.drain('edge');
    expect(desiredFor(fleet.state, edge)).toMatchObject({ serving: 'draining', position: drainAt });
    fleet.drained('edge');
    expect(desiredFor(fleet.state, edge)).toMatchObject({ serving: 'draining', position: drainAt });
    const uncordonedAt = fleet.of('server.uncordoned', 'edge');
    expect(desiredFor(fleet.state, edge)).toMatchObject({ serving: 'yes', position: uncordonedAt });
  });
});

describe('what a group shall carry', () => {
  it('stands at its last deployment or withdrawal', () => {
    const fleet = new Fleet();
    fleet.deploy('orders', '1');
    const withdrawnAt = fleet.tell('deployment.withdrawn', { group: production, project: 'orders' as never });
    fleet.register('edge');
    expect(groupDesired(fleet.state, production)).toEqual({ group: production, position: withdrawnAt, projects: [] });
    expect(groupDesired(fleet.state, 'nowhere' as never)).toBeNull();
  });

  it('never says two things of a group under one position, though nobody has been moved yet', () => {
    const fleet = new Fleet();
    fleet.register('edge');
    fleet.join('edge');
    fleet.deploy('orders', '1');
    fleet.succeed('orders');
    const before = groupDesired(fleet.state, production);
    const askedAt = fleet.deploy('orders', '2');
    const asked = groupDesired(fleet.state, production);
    expect(asked?.projects).not.toEqual(before?.projects);
    expect(asked?.position).toBe(askedAt);
  });
});
