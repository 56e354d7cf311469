import { describe, expect, it } from 'vitest';
import { assignedAt, desiredFor, groupDesired } from '../../../src/projections/desired.ts';
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

  it('moves with the group’s last deployment, in every status but draining', () => {
    const fleet = new Fleet();
    fleet.register('edge');
    const joinedAt = fleet.join('edge');
    const first = fleet.deploy('orders', '1');
    expect(desiredFor(fleet.state, edge)?.position).toBe(first);
    fleet.ready('edge', joinedAt);
    const second = fleet.deploy('orders', '2');
    expect(desiredFor(fleet.state, edge)?.position).toBe(second);
    const leavingAt = fleet.leave('edge');
    fleet.deploy('orders', '3');
    expect(desiredFor(fleet.state, edge)?.position).toBe(leavingAt);
  });
});

describe('where a server was assigned', () => {
  it('is its registration, its joining until it has left, and then its leaving', () => {
    const fleet = new Fleet();
    const registeredAt = fleet.register('edge');
    expect(assignedAt(fleet.state, edge)).toBe(registeredAt);
    const joinedAt = fleet.join('edge');
    fleet.ready('edge', joinedAt);
    fleet.leave('edge');
    expect(assignedAt(fleet.state, edge)).toBe(joinedAt);
    const leftAt = fleet.left('edge');
    expect(assignedAt(fleet.state, edge)).toBe(leftAt);
  });

  it('is the state’s own position for one that is gone', () => {
    const fleet = new Fleet();
    expect(assignedAt(fleet.state, edge)).toBe(2);
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
});
