import { describe, expect, it } from 'vitest';
import { answerQuery } from '../../../src/projections/views.ts';
import type { ProjectedQuery } from '../../../src/projections/views.ts';
import { querySchemas } from '../../../schemas/views.ts';
import type { QueryAsk, QueryData } from '../../../schemas/views.ts';
import { Fleet, haproxy, held, production, serverId } from './given.ts';

function ask<Q extends ProjectedQuery>(fleet: Fleet, name: Q, asked: QueryAsk<Q>): QueryData<Q> {
  const answered = answerQuery(name, asked, fleet.state, fleet.observed);
  if (answered.status === 'error') throw new Error(answered.message);
  // Every answer is checked against what clients will parse it with.
  return querySchemas[name].answer.parse(answered.data) as QueryData<Q>;
}

/** `edge` serves orders@1 in Production, `new` syncs there, `spare` is in no group. */
function fleetOfThree(): Fleet {
  const fleet = new Fleet();
  fleet.balancer();
  fleet.tell('project.published', { ...held('orders', '1'), digest: 'a'.repeat(64) as never, bytes: 100 });
  fleet.tell('project.published', { ...held('orders', '2'), digest: 'b'.repeat(64) as never, bytes: 100 });
  fleet.deploy('orders', '1');
  for (const server of ['spare', 'new', 'edge']) fleet.register(server);
  const edgeJoined = fleet.join('edge');
  fleet.see('edge', { receipt: { position: edgeJoined, projects: [held('orders', '1')] }, inFlight: 3 });
  fleet.ready('edge', edgeJoined);
  fleet.join('new');
  return fleet;
}

describe('servers', () => {
  it('are listed by name, by group and by status', () => {
    const fleet = fleetOfThree();
    const listed = (asked: QueryAsk<'servers'>) => ask(fleet, 'servers', asked).map(({ server }) => server);
    expect(listed({})).toEqual(['edge', 'new', 'spare']);
    expect(listed({ group: 'Production' as never })).toEqual(['edge', 'new']);
    expect(listed({ status: 'available' })).toEqual(['spare']);
    expect(listed({ group: 'production' as never, status: 'syncing' })).toEqual(['new']);
  });

  it('say what happens next', () => {
    const fleet = fleetOfThree();
    const next = (server: string) => ask(fleet, 'server', { server: serverId(server) }).next;
    const joinedAt = fleet.state.position;
    expect(next('spare')).toBe('waits to be joined to a group');
    expect(next('new')).toBe(`no receipt yet, directive ${joinedAt} is unconfirmed; then it takes traffic`);
    expect(next('edge')).toBe('takes traffic');
    fleet.deploy('orders', '2');
    expect(next('edge')).toBe('takes traffic; has yet to apply orders@2');
    fleet.leave('edge');
    expect(next('edge')).toBe('waits for haproxy to stop sending, at the latest at 00:00:44 UTC; then is available');
  });

  it('show what was observed, and null where nothing was', () => {
    const fleet = fleetOfThree();
    const edge = ask(fleet, 'server', { server: serverId('edge') });
    expect(edge).toMatchObject({
      status: 'ready',
      group: production,
      inFlight: 3,
      seenAt: 77_000,
      desired: [held('orders', '1')],
    });
    expect(edge.receipt).toBeGreaterThan(0);
    expect(ask(fleet, 'server', { server: serverId('new') })).toMatchObject({
      receipt: null,
      inFlight: null,
      seenAt: null,
    });
  });

  it('of a coordinator of an earlier version, which tells of no traffic, are answers too', () => {
    const { traffic: _, ...earlier } = ask(fleetOfThree(), 'server', { server: serverId('edge') });
    expect(querySchemas.server.answer.parse(earlier).traffic).toBeNull();
    expect(querySchemas.servers.answer.parse([earlier])).toHaveLength(1);
  });

  it('count bundles by heartbeats, of the directive that stands and no other', () => {
    const fleet = fleetOfThree();
    const joinedAt = fleet.state.position;
    const sync = (position: number) => {
      fleet.see('new', { inFlight: 0, sync: { position, bundles: 0, of: 1 } });
      return ask(fleet, 'server', { server: serverId('new') }).sync;
    };
    expect(sync(joinedAt)).toEqual({ bundles: 0, of: 1 });
    expect(sync(joinedAt - 1)).toBeNull();
    expect(ask(fleet, 'server', { server: serverId('edge') }).sync).toBeNull();
  });

  it('show the failures of the newest receipt rather than those it has overcome', () => {
    const fleet = fleetOfThree();
    const failedAt = fleet.fail('new', fleet.state.position);
    const failures = () => ask(fleet, 'server', { server: serverId('new') }).failures;
    expect(failures()).toHaveLength(1);
    fleet.see('new', { receipt: { position: failedAt, projects: [held('orders', '1')], failures: [] } });
    expect(failures()).toEqual([]);
  });
});

describe('each status', () => {
  function view(tell: (fleet: Fleet) => void, server = 'edge') {
    const fleet = fleetOfThree();
    tell(fleet);
    const { status, reason, next, inPool, cordoned } = ask(fleet, 'server', { server: serverId(server) });
    return { status, reason, next, inPool, cordoned };
  }

  it('available says nothing is asked of it', () => {
    expect(view(() => undefined, 'spare')).toMatchObject({ status: 'available', reason: '', inPool: false });
  });

  it('syncing says whose turn it is when it is not its own', () => {
    const waiting = view((fleet) => {
      const policy = { ...fleet.state.groupById.get(production)?.policy, syncsMax: 1 } as never;
      fleet.tell('group.configured', { group: production, policy });
      fleet.join('spare');
    }, 'spare');
    expect(waiting).toMatchObject({ status: 'syncing', inPool: false });
    expect(waiting.next).toBe('waits for its turn: 1 of 2 sync at a time; then it takes traffic');
  });

  it('retrying says what failed and when it tries again', () => {
    const retrying = view((fleet) => {
      const covers = fleet.state.position;
      fleet.fail('new', covers, { final: false });
      const failures = [{ ...held('orders', '1'), text: 'no disk' }];
      fleet.see('new', { receipt: { position: covers, failures, retryAt: 3_723_000 } });
    }, 'new');
    expect(retrying).toMatchObject({ status: 'retrying', reason: 'could not apply orders@2 (no disk)' });
    expect(retrying.next).toBe('tries again at 01:02:03 UTC; it takes traffic once it holds everything');
  });

  it('failed says how to go on, and that a server in the pool serves what it had', () => {
    const failed = view((fleet) => fleet.fail('edge', fleet.deploy('orders', '2')));
    expect(failed).toMatchObject({ status: 'failed', inPool: true });
    expect(failed.reason).toBe('could not apply orders@2 (no disk), and has given up');
    expect(failed.next).toContain('muster server retry edge; meanwhile it serves its last good set');
  });

  it('ready says so, and what a cordon will do', () => {
    expect(view((fleet) => fleet.of('server.cordoned', 'edge'))).toMatchObject({
      status: 'ready',
      next: 'takes traffic; cordoned: once out of the pool it does not enter again',
      inPool: true,
      cordoned: true,
    });
  });

  it('draining says how long at most, and then what; cordoned says what puts it back', () => {
    const draining = view((fleet) => fleet.drain('edge'));
    expect(draining).toMatchObject({ status: 'draining', inPool: true, cordoned: true });
    expect(draining.next).toMatch(/stop sending, at the latest at .* UTC; then stays in the group, out of the pool$/);
    const out = (until: 'uncordoned' | 'registered') =>
      view((fleet) => {
        fleet.drain('edge', until);
        fleet.drained('edge');
      });
    expect(out('uncordoned')).toMatchObject({ status: 'cordoned', inPool: false, cordoned: true });
    expect(out('uncordoned').next).toBe('waits for: muster server uncordon edge');
    expect(out('registered').next).toBe('waits for it to start and register again');
  });

  it('lost says since when nothing was heard, and what brings it back', () => {
    expect(view((fleet) => fleet.lose('edge'))).toMatchObject({
      status: 'lost',
      reason: 'no heartbeat within 6 s, the last at 00:01:17 UTC',
      next: 'waits for its heartbeat; then it proves what it holds and takes traffic',
      inPool: false,
    });
    const unwell = (fleet: Fleet) => {
      fleet.see('edge', { inFlight: 0, problem: 'hello: GET /x answered 500' });
      fleet.lose('edge', { cause: 'unhealthy', held: true });
    };
    expect(view(unwell)).toMatchObject({
      reason: 'its heartbeats say that it is not well: hello: GET /x answered 500',
      next: 'stays in the pool, which its floor holds; waits to be well again',
      inPool: true,
    });
    expect(view((fleet) => fleet.lose('spare', { group: null }), 'spare').next).toBe('waits for its heartbeat');
    const stopped = (until: 'uncordoned' | 'registered') => (fleet: Fleet) => {
      fleet.drain('edge', until);
      fleet.drained('edge');
      fleet.lose('edge');
    };
    expect(view(stopped('registered')).next).toMatch(
      /heartbeat; then it registers, proves what it holds and takes traffic$/,
    );
    expect(view(stopped('uncordoned')).next).toMatch(/heartbeat; then it proves what it holds and stays cordoned$/);
  });
});

describe('groups', () => {
  it('are found however their name is spelled, and keep the spelling they were created with', () => {
    const fleet = fleetOfThree();
    const group = ask(fleet, 'group', { group: 'PRODUCTION' as never });
    expect(group).toMatchObject({ group: production, name: 'Production' });
    expect(group.servers).toEqual([
      { server: 'edge', status: 'ready' },
      { server: 'new', status: 'syncing' },
    ]);
    expect(ask(fleet, 'groups', {}).map(({ name }) => name)).toEqual(['Production', 'Staging']);
  });

  it('count who has proved to hold a deployment, among those who should', () => {
    const fleet = fleetOfThree();
    const counted = () =>
      ask(fleet, 'deployments', { group: 'production' as never }).map(({ holding, servers }) => [holding, servers]);
    expect(counted()).toEqual([[1, 2]]);
    fleet.see('new', { receipt: { position: 1, projects: [held('orders', '1')] } });
    expect(counted(), 'a receipt from before it joined proves nothing').toEqual([[1, 2]]);
    fleet.leave('edge');
    expect(counted()).toEqual([[0, 1]]);
    expect(ask(fleet, 'deployments', {})).toHaveLength(1);
  });
});

describe('projects, pools and balancers', () => {
  it('show each version with the groups that carry it', () => {
    const [orders] = ask(fleetOfThree(), 'projects', {});
    expect(orders?.versions.map(({ version, groups }) => [version, groups])).toEqual([
      ['1', ['production']],
      ['2', []],
    ]);
  });

  it('show the pool beside each balancer’s word on it', () => {
    const fleet = fleetOfThree();
    expect(ask(fleet, 'pool', { group: 'production' as never }).balancers).toEqual([
      { balancer: haproxy, applied: null, listen: null, error: null, seenAt: null },
    ]);
    fleet.confirm(5, { listen: 'http://127.0.0.1:8080' });
    const pool = ask(fleet, 'pool', { group: 'production' as never });
    expect(pool.servers).toMatchObject([{ server: 'edge', admin: 'ready' }]);
    expect(pool.balancers).toMatchObject([
      { applied: 5, listen: 'http://127.0.0.1:8080', error: null, seenAt: 88_000 },
    ]);
    expect(ask(fleet, 'balancers', {})).toMatchObject([
      { balancer: haproxy, groups: 'all', seenAt: 88_000, status: 'live' },
    ]);
  });

  it('show how far each balancer is behind each of its pools, and that it is lost', () => {
    const fleet = fleetOfThree();
    const { poolChangedAt } = fleet.state.groupById.get(production) ?? { poolChangedAt: 0 };
    fleet.confirm(poolChangedAt - 2, { error: 'no socket' });
    fleet.tell('balancer.lost', { balancer: haproxy, evidence: { seenAt: 0, leaseMs: 1_000 } });
    const [shown] = ask(fleet, 'balancers', {});
    expect(shown?.status).toBe('lost');
    expect(shown?.pools).toMatchObject([
      { group: production, applied: poolChangedAt - 2, lag: 2, error: 'no socket' },
      { group: 'staging', applied: null, error: null },
    ]);
  });
});

describe('a question about what is not there', () => {
  it.each([
    ['group', { group: 'Nowhere' }, 'unknown-group'],
    ['servers', { group: 'Nowhere' }, 'unknown-group'],
    ['deployments', { group: 'Nowhere' }, 'unknown-group'],
    ['pool', { group: 'Nowhere' }, 'unknown-group'],
    ['rollouts', { group: 'Nowhere' }, 'unknown-group'],
    ['server', { server: 'ghost' }, 'unknown-server'],
  ] as const)('%s is answered with a code and a sentence', (name, asked, code) => {
    const { state, observed } = fleetOfThree();
    const named = Object.values(asked)[0];
    expect(answerQuery(name, asked as never, state, observed)).toMatchObject({
      status: 'error',
      code,
      message: expect.stringContaining(`"${named}"`),
    });
  });
});
