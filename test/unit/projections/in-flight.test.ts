import { beforeEach, describe, expect, it } from 'vitest';
import type { BalancerId } from '../../../schemas/ids.ts';
import type { Server } from '../../../src/domain/state.ts';
import { inFlightOn } from '../../../src/projections/in-flight.ts';
import { Fleet, serverId } from './given.ts';

const nginx = 'nginx' as BalancerId;
let fleet: Fleet;

beforeEach(() => {
  fleet = new Fleet();
  fleet.register('s1');
  fleet.join('s1');
  fleet.ready('s1', 5);
});

const counted = (inFlight: number) => ({ inFlight: [{ server: serverId('s1'), inFlight }] });
const now = () => inFlightOn(fleet.state, fleet.observed, fleet.state.serverById.get(serverId('s1')) as Server);

describe('what is in flight on a server that counts', () => {
  it('is what it says, whatever balancers do not count', () => {
    fleet.balancer();
    fleet.leave('s1');
    fleet.see('s1', { inFlight: 2 });
    expect(now()).toBe(2);
  });

  it('is what a balancer counts where that is more', () => {
    fleet.balancer();
    fleet.leave('s1');
    fleet.see('s1', { inFlight: 0 });
    fleet.confirm(7, counted(3));
    expect(now()).toBe(3);
  });
});

describe('what is in flight on a server that cannot count', () => {
  it('is not known while no balancer says, and not where there is none', () => {
    fleet.leave('s1');
    fleet.see('s1', { inFlight: 'uncounted' });
    expect(now()).toBeNull();
    fleet.balancer();
    expect(now()).toBeNull();
    fleet.confirm(8);
    expect(now()).toBeNull();
  });

  it('is what its balancers count, once every one of them does', () => {
    fleet.balancer();
    fleet.balancer(nginx);
    fleet.leave('s1');
    fleet.see('s1', { inFlight: 'uncounted' });
    fleet.confirm(8, counted(0));
    expect(now()).toBeNull();
    fleet.confirm(8, { balancer: nginx, ...counted(1) });
    expect(now()).toBe(1);
    fleet.confirm(8, { balancer: nginx, ...counted(0) });
    expect(now()).toBe(0);
  });
});
