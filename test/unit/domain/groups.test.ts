import { describe, expect, it } from 'vitest';
import { defaultGroupPolicy } from '../../../schemas/policy.ts';
import { statusOf } from '../../../src/domain/membership.ts';
import { append, given } from '../../support/decider-spec.ts';
import {
  created,
  deployed,
  joined,
  leaving,
  left,
  moving,
  published,
  ready,
  registered,
} from '../../support/fleet-facts.ts';

describe('creating and configuring a group', () => {
  it('keeps the spelling for people, and the id in lower case', () => {
    const state = given()
      .when('group.create', { group: 'Edge-EU' })
      .thenHappened('group.created', { group: 'edge-eu', name: 'Edge-EU', policy: defaultGroupPolicy });
    expect(state.groupById.get('edge-eu' as never)?.name).toBe('Edge-EU');
  });

  it('refuses an id that exists in any spelling', () => {
    const rejection = given(created('Edge'))
      .when('group.create', { group: 'EDGE' })
      .thenRejected('group-exists', /"Edge"/);
    expect(rejection.field).toBe('group');
  });

  it('lays the policy given over the defaults, and says when nothing changes', () => {
    const spec = given(created('edge'));
    spec.when('group.configure', { group: 'edge', policy: {} }).thenRejected('unchanged');
    spec
      .when('group.configure', { group: 'Edge', policy: { drainTimeoutMs: 5 } })
      .thenHappened('group.configured', { group: 'edge', policy: { ...defaultGroupPolicy, drainTimeoutMs: 5 } });
    for (const field of Object.keys(defaultGroupPolicy).filter((one) => one !== 'rollout')) {
      const policy = { [field]: 7_777 % (field === 'floorPercent' ? 100 : 10_000) };
      const { decision } = spec.when('group.configure', { group: 'edge', policy });
      expect(decision, field).toMatchObject({ event: { type: 'group.configured', data: { policy } } });
      spec.when('group.configure', { group: 'edge', policy }).thenRejected('unchanged');
    }
  });

  it('lays any part of a rollout policy over the rest, a strategy whole', () => {
    const spec = given(created('edge'));
    const { rollout } = defaultGroupPolicy;
    const asked = { group: 'edge', policy: { rollout: { strategy: { kind: 'all-at-once' }, errorRateMax: 0.1 } } };
    const whole = { ...rollout, strategy: { kind: 'all-at-once' }, maxUnavailable: '100%' } as const;
    const policy = { ...defaultGroupPolicy, rollout: { ...whole, errorRateMax: 0.1 } };
    spec.when('group.configure', asked).thenHappened('group.configured', { group: 'edge', policy } as never);
    spec.when('group.configure', asked).thenRejected('unchanged');
    spec
      .when('group.configure', { group: 'edge', policy: { rollout: { errorRateMax: null } } })
      .thenHappened('group.configured', {
        group: 'edge',
        policy: { ...defaultGroupPolicy, rollout: whole },
      });
    spec.when('group.configure', { group: 'edge', policy: { rollout: { change: 'cold' } } }).thenRejected('invalid');
  });

  it.each([
    [{ kind: 'all-at-once' }, '100%'],
    [{ kind: 'rolling', batch: '25%' }, '25%'],
    [{ kind: 'canary', steps: [{ servers: 1 }], batch: 3 }, 3],
    [{ kind: 'blue-green', standby: '50%', keepMs: 0 }, 1],
  ])('lets %o say its own limit, unless one is named', (strategy, maxUnavailable) => {
    const spec = given(created('edge'));
    const rolled = (rollout: object) => {
      spec.when('group.configure', { group: 'edge', policy: { rollout } });
      return spec.state.groupById.get('edge' as never)?.policy.rollout.maxUnavailable;
    };
    expect(rolled({ strategy })).toBe(maxUnavailable);
    expect(rolled({ strategy, maxUnavailable: 2 })).toBe(2);
  });

  it('suggests the nearest group for a name that is not there', () => {
    given()
      .when('group.configure', { group: 'prodction', policy: {} })
      .thenRejected('unknown-group', /"Production"\?/);
  });
});

describe('deleting a group', () => {
  it('is done when it is empty, and balancers that named it do so no longer', () => {
    const spec = given(created('edge'));
    spec.when('balancer.register', { balancer: 'lb', kind: 'haproxy', groups: ['edge', 'Production'] });
    const state = spec.when('group.delete', { group: 'Edge' }).thenHappened('group.deleted', { group: 'edge' });
    expect(state.groupById.has('edge' as never)).toBe(false);
    expect(state.balancerById.get('lb' as never)?.groups).toEqual(['production']);
  });

  it('is refused while a server is in it, naming the server and the command to type', () => {
    given(created('edge'), registered('s1'), joined('s1', 'edge'))
      .when('group.delete', { group: 'edge' })
      .thenRejected('group-not-empty', /1 server\(s\): s1/, 'muster server leave s1');
  });

  it('is refused while a server drains out of it or is on its way in', () => {
    const facts = [created('edge'), created('core'), registered('s1'), joined('s1', 'edge')];
    given(...facts, leaving('s1', 'edge'))
      .when('group.delete', { group: 'edge' })
      .thenRejected('group-not-empty');
    given(...facts, moving('s1', 'edge', 'core'))
      .when('group.delete', { group: 'core' })
      .thenRejected('group-not-empty', /on its way into/);
  });

  it('is refused while it carries a project, naming the command to type', () => {
    given(created('edge'), published('orders', '1'), deployed('orders', '1', 'edge'))
      .when('group.delete', { group: 'edge' })
      .thenRejected('group-not-empty', /orders/, 'muster undeploy orders edge');
  });
});

describe('setting the servers of a group', () => {
  const facts = [created('edge'), created('core'), ...['a', 'b', 'c', 'd'].map((id) => registered(id))];
  const drainTimeoutMs = 30_000;

  it('takes the whole list: one event, both lists sorted, members in it kept', () => {
    const spec = given(...facts, joined('b', 'edge'), joined('a', 'edge'));
    spec
      .when('group.set-servers', { group: 'edge', servers: ['d', 'c', 'b', 'd'] })
      .thenHappened('group.servers-set', { group: 'edge', joined: ['c', 'd'], leaving: ['a'], drainTimeoutMs });
    expect([...(spec.state.groupById.get('edge' as never)?.servers ?? [])].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(statusOf(spec.state.serverById.get('a' as never) as never)).toBe('draining');
  });

  it('takes what to add and what to remove', () => {
    given(...facts, joined('a', 'edge'), joined('b', 'edge'))
      .when('group.set-servers', { group: 'edge', add: ['c', 'b'], remove: ['a', 'd'] })
      .thenHappened('group.servers-set', { group: 'edge', joined: ['c'], leaving: ['a'], drainTimeoutMs });
  });

  it('is unchanged when the group has exactly these servers', () => {
    const spec = given(...facts, joined('a', 'edge'));
    spec.when('group.set-servers', { group: 'edge', servers: ['a'] }).thenRejected('unchanged');
    spec.when('group.set-servers', { group: 'edge', add: [], remove: ['b'] }).thenRejected('unchanged');
  });

  it('refuses a server of another group, and says how to move it', () => {
    given(...facts, joined('a', 'core'))
      .when('group.set-servers', { group: 'edge', add: ['a'] })
      .thenRejected('server-elsewhere', /"core"/, 'muster server move a edge');
  });

  it('refuses a draining server; one already on its way in is no news', () => {
    given(...facts, joined('a', 'edge'), leaving('a', 'edge'))
      .when('group.set-servers', { group: 'edge', servers: ['a'] })
      .thenRejected('server-leaving');
    given(...facts, joined('a', 'core'), moving('a', 'core', 'edge'))
      .when('group.set-servers', { group: 'edge', servers: ['a', 'b'] })
      .thenHappened('group.servers-set', { group: 'edge', joined: ['b'], leaving: [], drainTimeoutMs });
  });

  it('refuses a whole list without a server that is on its way in', () => {
    const spec = given(...facts, joined('a', 'core'), moving('a', 'core', 'edge'));
    spec.when('group.set-servers', { group: 'edge', servers: ['b'] }).thenRejected('server-leaving', /"a"/);
    spec.when('group.set-servers', { group: 'edge', add: [], remove: ['a'] }).thenRejected('server-leaving', /"a"/);
  });

  it('refuses names that are not there, on either list, and one on both', () => {
    const spec = given(...facts);
    spec.when('group.set-servers', { group: 'edge', add: ['nobody'] }).thenRejected('unknown-server');
    spec.when('group.set-servers', { group: 'edge', remove: ['nobody'] }).thenRejected('unknown-server');
    spec.when('group.set-servers', { group: 'edge', add: ['a'], remove: ['a'] }).thenRejected('invalid', /at once: a/);
  });

  it('leaves a draining member alone when it is taken off the list', () => {
    const spec = given(...facts, joined('a', 'edge'));
    append(spec.state, ready('a', 'edge', spec.state.position));
    append(spec.state, leaving('a', 'edge'));
    const before = spec.state.serverById.get('a' as never)?.member;
    spec.when('group.set-servers', { group: 'edge', servers: [] }).thenRejected('unchanged');
    expect(spec.state.serverById.get('a' as never)?.member).toEqual(before);
    append(spec.state, left('a', 'edge'));
    expect(spec.state.groupById.get('edge' as never)?.servers.size).toBe(0);
  });
});
