import { describe, expect, it } from 'vitest';
import { append, fact, given } from '../../support/decider-spec.ts';
import { created, joined, leaving, left, moving, ready, registered, retiring } from '../../support/fleet-facts.ts';

const address = { host: '10.0.0.1', port: 8080 };

describe('registering a server', () => {
  it('makes it available, with the default weight', () => {
    const state = given()
      .when('server.register', { server: 's1', address, labels: { zone: 'a' }, agent: 'gateway 1' })
      .thenHappened('server.registered', { server: 's1', address, labels: { zone: 'a' }, agent: 'gateway 1' });
    expect(state.serverById.get('s1' as never)).toMatchObject({ weight: 100, member: null, assignedAt: 2 });
  });

  it('is unchanged the second time, the normal answer at every start', () => {
    const spec = given(registered('s1', 7000));
    spec
      .when('server.register', { server: 's1', address: { host: '127.0.0.1', port: 7000 } })
      .thenRejected('unchanged');
  });

  it('keeps what an operator configured when the server starts again elsewhere', () => {
    const spec = given(
      registered('s1'),
      fact('server.configured', { server: 's1', labels: { tier: 'gold' }, weight: 7 }),
    );
    spec
      .when('server.register', { server: 's1', address, labels: { tier: 'none' } })
      .thenHappened('server.registered', { server: 's1', address, labels: { tier: 'gold' } }, [
        'server "s1" keeps the labels it has: server.configure changes them',
      ]);
    expect(spec.state.serverById.get('s1' as never)?.weight).toBe(7);
  });

  it('refuses an address another server has, in whatever case', () => {
    const spec = given(fact('server.registered', { server: 's1', address: { host: 'gate', port: 1 }, labels: {} }));
    spec.when('server.register', { server: 's2', address: { host: 'GATE', port: 1 } }).thenRejected('invalid', /"s1"/);
    append(spec.state, fact('server.retired', { server: 's1' }));
    expect(spec.when('server.register', { server: 's2', address: { host: 'gate', port: 1 } }).decision).toMatchObject({
      event: { type: 'server.registered' },
    });
  });

  it('with only another agent version makes no plan stale', () => {
    const spec = given(registered('s1', 7000));
    const before = spec.state.serverById.get('s1' as never)?.changedAt;
    spec.when('server.register', { server: 's1', address: { host: '127.0.0.1', port: 7000 }, agent: 'v2' });
    expect(spec.state.serverById.get('s1' as never)).toMatchObject({ agent: 'v2', changedAt: before });
  });
});

describe('configuring a server', () => {
  it('changes what is given and keeps the rest', () => {
    const spec = given(registered('s1'));
    spec
      .when('server.configure', { server: 's1', weight: 5 })
      .thenHappened('server.configured', { server: 's1', labels: {}, weight: 5 });
    spec.when('server.configure', { server: 's1', weight: 5 }).thenRejected('unchanged');
    spec.when('server.configure', { server: 's1' }).thenRejected('unchanged');
    spec.when('server.configure', { server: 's9' }).thenRejected('unknown-server');
  });
});

describe('in and out of groups', () => {
  const facts = [created('edge', 5000), created('core'), registered('s1')];
  const member = [...facts, joined('s1', 'edge')];

  it('an available server joins and begins to sync', () => {
    const state = given(...facts)
      .when('server.join', { server: 's1', group: 'Edge' })
      .thenHappened('server.joined', { server: 's1', group: 'edge' });
    expect(state.serverById.get('s1' as never)?.member).toMatchObject({ group: 'edge', joinedAt: 5, askedAt: 5 });
    expect([...(state.groupById.get('edge' as never)?.syncing ?? [])]).toEqual(['s1']);
  });

  it('a member joins nothing else, and its own group is no change', () => {
    const spec = given(...member);
    spec.when('server.join', { server: 's1', group: 'edge' }).thenRejected('unchanged');
    spec
      .when('server.join', { server: 's1', group: 'core' })
      .thenRejected('server-elsewhere', /"edge"/, 'muster server move s1 core');
  });

  it('a member leaves by a drain with the deadline of its group', () => {
    const spec = given(...member, ready('s1', 'edge', 5));
    spec
      .when('server.leave', { server: 's1' })
      .thenHappened('server.leaving', { server: 's1', group: 'edge', drainTimeoutMs: 5000 }, [
        'the pool of group "edge" goes down to 0 of 1 servers, below its floor of 1: by this explicit command',
      ]);
    expect(spec.state.serverById.get('s1' as never)?.member?.drain).toMatchObject({
      wasInPool: true,
      deadlineAt: spec.state.at + 5000,
      next: { to: 'available' },
    });
  });

  it('a server that never got ready leaves the same way, but was not ready', () => {
    const spec = given(...member);
    spec.when('server.leave', { server: 's1' });
    expect(spec.state.serverById.get('s1' as never)?.member?.drain).toMatchObject({ wasInPool: false });
  });

  it('leaving without being in a group is refused', () => {
    given(...facts)
      .when('server.leave', { server: 's1' })
      .thenRejected('server-not-in-group');
  });

  it('a move drains here and syncs there, joined when it arrives', () => {
    const spec = given(...member);
    spec
      .when('server.move', { server: 's1', group: 'core' })
      .thenHappened('server.moving', { server: 's1', from: 'edge', group: 'core', drainTimeoutMs: 5000 });
    const { position } = append(spec.state, left('s1', 'edge', { to: 'group', group: 'core' }));
    expect(spec.state.serverById.get('s1' as never)?.member).toMatchObject({
      group: 'core',
      joinedAt: position,
      directiveAt: position,
      askedAt: position - 1,
      drain: null,
    });
    expect(spec.state.groupById.get('edge' as never)?.servers.size).toBe(0);
    expect(spec.state.groupById.get('core' as never)?.servers.has('s1' as never)).toBe(true);
  });

  it('a move to the same group is no change, and an available server is told to join', () => {
    given(...member)
      .when('server.move', { server: 's1', group: 'edge' })
      .thenRejected('unchanged');
    given(...facts)
      .when('server.move', { server: 's1', group: 'edge' })
      .thenRejected('invalid', /no group/, 'muster server join s1 edge');
  });

  it('an available server retires at once, a member after its drain', () => {
    const free = given(...facts)
      .when('server.retire', { server: 's1' })
      .thenHappened('server.retired', { server: 's1' });
    expect(free.serverById.size).toBe(0);
    const spec = given(...member);
    spec
      .when('server.retire', { server: 's1' })
      .thenHappened('server.retiring', { server: 's1', group: 'edge', drainTimeoutMs: 5000 });
    append(spec.state, left('s1', 'edge', { to: 'retired' }));
    expect(spec.state.serverById.size).toBe(0);
    expect(spec.state.groupById.get('edge' as never)?.servers.size).toBe(0);
  });

  it.each([leaving('s1', 'edge'), moving('s1', 'edge', 'core'), retiring('s1', 'edge')])(
    'while it drains ($type) every further way in or out is refused',
    (drain) => {
      const spec = given(...member, drain);
      spec.when('server.join', { server: 's1', group: 'core' }).thenRejected('server-leaving');
      spec.when('server.leave', { server: 's1' }).thenRejected('server-leaving', /"edge"/);
      spec.when('server.move', { server: 's1', group: 'core' }).thenRejected('server-leaving');
      spec.when('server.retire', { server: 's1' }).thenRejected('server-leaving');
    },
  );
});
