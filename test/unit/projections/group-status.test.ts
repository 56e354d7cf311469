import { describe, expect, it } from 'vitest';
import { groupStatus } from '../../../src/projections/group-status.ts';
import { GroupStatus, laggardsMax } from '../../../schemas/group-status.ts';
import { Fleet, type haproxy, held, production, staging } from './given.ts';

const status = (fleet: Fleet) => groupStatus(fleet.state, fleet.observed, production);

/** One server in the pool, everything published and confirmed. */
function settled(): Fleet {
  const fleet = new Fleet();
  fleet.balancer();
  fleet.register('edge');
  const readyAt = fleet.ready('edge', fleet.join('edge'));
  fleet.publish(readyAt);
  fleet.confirm(readyAt);
  return fleet;
}

describe('a group with nothing outstanding', () => {
  it('has every stage at the log’s position, and no laggards', () => {
    const fleet = settled();
    const { position, term } = fleet.state;
    expect(status(fleet)).toMatchObject({
      position,
      term,
      servers: position,
      pool: position,
      balancers: position,
      laggards: [],
    });
  });

  it('stays so while other groups change', () => {
    const fleet = settled();
    fleet.deploy('orders', '1', 'staging' as never);
    expect(status(fleet)).toMatchObject({ servers: fleet.state.position, pool: fleet.state.position });
  });

  it('needs no balancer where none is registered', () => {
    const fleet = new Fleet();
    fleet.publish(1);
    expect(status(fleet)).toMatchObject({ balancers: 2, balancerPositions: {}, desired: 1 });
  });

  it('answers in the form of the schema', () => {
    expect(() => GroupStatus.parse(status(settled()))).not.toThrow();
  });
});

describe('the stage of servers', () => {
  it('stands before the joining of whoever syncs, not of whoever has given up, and says what is missing since when', () => {
    const fleet = settled();
    fleet.register('new');
    fleet.deploy('orders', '1');
    fleet.succeed('orders');
    const joinedAt = fleet.join('new');
    fleet.see('new', { receipt: { position: joinedAt, projects: [] } });
    fleet.ready('edge', joinedAt);
    expect(status(fleet)).toMatchObject({
      servers: joinedAt - 1,
      counts: { syncing: 1, ready: 1, failed: 0, draining: 0 },
    });
    expect(status(fleet).laggards).toEqual([
      {
        what: 'server new',
        server: 'new',
        reason: `syncing since position ${joinedAt}: has yet to apply orders@1; then it takes traffic`,
      },
    ]);
    fleet.fail('new', joinedAt);
    const { position } = fleet.state;
    expect(status(fleet)).toMatchObject({ servers: position, counts: { failed: 1 } });
    expect(status(fleet).laggards[0]?.reason).toContain('could not apply orders@2 (no disk)');
  });

  it('stands at what a ready server has proved while a newer set is under way, until it has given up', () => {
    const fleet = settled();
    const covers = fleet.state.serverById.get('edge' as never)?.member as { covers: number };
    const deployedAt = fleet.deploy('orders', '2');
    expect(status(fleet)).toMatchObject({ desired: deployedAt, servers: covers.covers });
    fleet.fail('edge', deployedAt);
    expect(status(fleet).servers).toBe(fleet.state.position);
    expect(status(fleet).laggards[0]?.reason).toContain('could not apply orders@2 (no disk)');
    expect(status(fleet).laggards[0]?.reason).toContain('meanwhile it serves its last good set');
    fleet.ready('edge', deployedAt);
    fleet.succeed('orders');
    expect(status(fleet).servers).toBe(fleet.state.position);
  });

  it('stands before a leaving until the server has left, and names who still sends', () => {
    const fleet = settled();
    const leavingAt = fleet.leave('edge');
    expect(status(fleet).servers).toBe(leavingAt - 1);
    expect(status(fleet).laggards[0]?.reason).toBe(
      `draining since position ${leavingAt}: waits for haproxy to stop sending, at the latest at 00:00:37 UTC; then is available`,
    );
    fleet.confirm(leavingAt);
    fleet.see('edge', { inFlight: 2 });
    expect(status(fleet).laggards[0]?.reason).toContain('finishes 2 in flight');
    const leftAt = fleet.left('edge');
    expect(status(fleet).servers).toBe(leftAt);
  });
});

describe('a rollout under way', () => {
  it('is named among the laggards until it is over, and no stage hangs on it', () => {
    const fleet = settled();
    fleet.ready('edge', fleet.deploy('orders', '1'));
    fleet.succeed('orders');
    fleet.register('other');
    fleet.ready('other', fleet.join('other'));
    const requestedAt = fleet.deploy('orders', '2');
    expect(status(fleet)).toMatchObject({ servers: requestedAt });
    const advancedAt = fleet.advance('orders', 'edge');
    expect(status(fleet).servers).toBeLessThan(advancedAt);
    fleet.ready('edge', advancedAt);
    expect(status(fleet).servers).toBe(fleet.state.position);
    expect(status(fleet).laggards.at(0)).toEqual({
      what: `rollout ${requestedAt}`,
      reason: 'running: orders@2 (step 1, 1 server told)',
    });
    fleet.ready('other', fleet.advance('orders', 'other'));
    fleet.succeed('orders');
    expect(status(fleet).servers).toBe(fleet.state.position);
    expect(status(fleet).laggards.map(({ what }) => what)).not.toContain(`rollout ${requestedAt}`);
  });

  it('is not, in a group without a server: whoever joins holds what the group carries', () => {
    const fleet = new Fleet();
    fleet.deploy('orders', '1');
    fleet.publish(1);
    expect(status(fleet)).toMatchObject({ servers: fleet.state.position, laggards: [] });
  });
});

describe('who is not waited for', () => {
  it('is a lost server out of the pool: it lags with its reason, and the stage does not hang on it', () => {
    const fleet = settled();
    const lostAt = fleet.lose('edge');
    expect(status(fleet)).toMatchObject({ servers: lostAt, counts: { lost: 1, ready: 0 } });
    expect(status(fleet).laggards[0]).toMatchObject({
      server: 'edge',
      reason: expect.stringContaining('no heartbeat'),
    });
    fleet.deploy('orders', '1');
    const succeededAt = fleet.succeed('orders');
    expect(status(fleet).servers).toBe(succeededAt);
  });

  it('is a server that a cordon keeps out', () => {
    const fleet = settled();
    fleet.register('kept');
    fleet.join('kept');
    const cordonedAt = fleet.of('server.cordoned', 'kept');
    expect(status(fleet)).toMatchObject({ servers: cordonedAt, counts: { cordoned: 1 } });
    expect(status(fleet).laggards.map(({ server }) => server)).toEqual(['kept']);
    const uncordonedAt = fleet.of('server.uncordoned', 'kept');
    expect(status(fleet).servers).toBeLessThan(uncordonedAt);
  });

  it('is not a lost server that the floor holds in the pool: it serves what it has', () => {
    const fleet = settled();
    const { position } = fleet.state;
    fleet.lose('edge', { held: true });
    const heldAt = fleet.tell('pool.held', { group: production, servers: ['edge' as never], size: 1, floor: 1 });
    expect(status(fleet).held).toContain(`since position ${heldAt}: 1 of 1 are lost`);
    expect(status(fleet).servers).toBe(fleet.state.position);
    fleet.deploy('orders', '1');
    expect(status(fleet).servers).toBeLessThan(position);
    expect(status(fleet).laggards[0]?.reason).toContain('stays in the pool, which its floor holds');
  });
});

describe('a server on its way in from another group', () => {
  it('is outstanding here since it was asked for, until it takes traffic here', () => {
    const fleet = settled();
    fleet.register('mover');
    fleet.ready('mover', fleet.join('mover', staging), staging);
    const movingAt = fleet.move('mover', staging, production);
    expect(status(fleet)).toMatchObject({ servers: movingAt - 1, counts: { draining: 0 } });
    expect(status(fleet).laggards[0]?.reason).toContain('then joins production');
    const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
    const next = { to: 'group', group: production } as const;
    const leftAt = fleet.tell('server.left', { server: 'mover' as never, group: staging, next, evidence });
    expect(status(fleet)).toMatchObject({ servers: movingAt - 1, counts: { syncing: 1 } });
    fleet.ready('mover', leftAt);
    fleet.publish(leftAt);
    expect(status(fleet)).toMatchObject({ servers: fleet.state.position, pool: movingAt - 1 });
  });
});

describe('the stages of pool and balancers', () => {
  it('pass a joining only with the revision that lets the server in, not with one in between', () => {
    const fleet = settled();
    for (const server of ['slow', 'quick']) fleet.register(server);
    const slowJoined = fleet.join('slow');
    const between = fleet.ready('quick', fleet.join('quick'));
    const slowReady = fleet.ready('slow', slowJoined);
    fleet.publish(between);
    fleet.confirm(between);
    expect(status(fleet)).toMatchObject({ servers: slowReady, pool: slowJoined - 1, balancers: slowJoined - 1 });
    fleet.publish(slowReady);
    expect(status(fleet)).toMatchObject({
      pool: slowReady,
      balancers: slowJoined - 1,
      balancerPositions: { haproxy: between },
    });
    fleet.confirm(slowReady);
    expect(status(fleet)).toMatchObject({ pool: slowReady, balancers: slowReady, laggards: [] });
  });

  it('are at 0 before the first revision, and say what is missing', () => {
    const fleet = new Fleet();
    fleet.balancer();
    fleet.register('edge');
    const readyAt = fleet.ready('edge', fleet.join('edge'));
    expect(status(fleet)).toMatchObject({ pool: 0, balancers: 0, balancerPositions: { haproxy: 0 } });
    expect(status(fleet).laggards.map(({ reason }) => reason)).toEqual([
      `pool position ${readyAt} is not published, 0 is`,
      `balancer haproxy has not confirmed pool position ${readyAt}, nor any`,
    ]);
  });

  it('wait for the slowest balancer, and count a receipt under another log as none', () => {
    const fleet = settled();
    fleet.balancer('nginx' as typeof haproxy);
    expect(status(fleet).balancers).toBe(0);
    fleet.confirm(99, { balancer: 'nginx' as typeof haproxy, log: 'log-other' as never });
    expect(status(fleet).balancers).toBe(0);
  });
});

describe('a status', () => {
  it('names at most so many laggards, the furthest behind first, and still the pool’s', () => {
    const fleet = settled();
    for (let index = 0; index < 50; index += 1) fleet.register(`s${index}`);
    const joins = Array.from({ length: 50 }, (_, index) => fleet.join(`s${index}`));
    fleet.ready('s0', joins[0] as number);
    const { laggards, servers } = status(fleet);
    expect(laggards).toHaveLength(laggardsMax);
    expect(laggards[0]?.server).toBe('s1');
    expect(laggards.map(({ what }) => what)).toContain('pool');
    expect(servers).toBe((joins[1] as number) - 1);
  });

  it('never passes a joining before all three stages hold it', () => {
    // Nothing at or past the joining is in traffic before the balancer has confirmed the readiness.
    const fleet = settled();
    fleet.register('late');
    const joinedAt = fleet.join('late');
    const passed = () => {
      const { servers, pool, balancers } = status(fleet);
      return Math.min(servers, pool, balancers) >= joinedAt;
    };
    expect(passed()).toBe(false);
    fleet.see('late', { receipt: { position: joinedAt, projects: [held('orders', '1')] } });
    expect(passed()).toBe(false);
    const readyAt = fleet.ready('late', joinedAt);
    expect(passed()).toBe(false);
    fleet.publish(readyAt);
    expect(passed()).toBe(false);
    fleet.confirm(readyAt);
    expect(passed()).toBe(true);
  });
});
