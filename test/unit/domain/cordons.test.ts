import { describe, expect, it } from 'vitest';
import { directivePosition, directiveServing, statusOf } from '../../../src/domain/membership.ts';
import type { Proposal } from '../../../src/domain/propose.ts';
import { append, given } from '../../support/decider-spec.ts';
import {
  cordoned,
  created,
  draining,
  drained,
  failed,
  joined,
  leaving,
  left,
  lost,
  moving,
  ready,
  registered,
  uncordoned,
} from '../../support/fleet-facts.ts';

const member = [created('edge'), created('core'), registered('s1', 7001), registered('s2'), joined('s1', 'edge')];
const joinedAt = 6;
const serving = [...member, ready('s1', 'edge', joinedAt), joined('s2', 'edge'), ready('s2', 'edge', 8)];
const server = { server: 's1' };
const s1 = (spec: ReturnType<typeof given>) => {
  const known = spec.state.serverById.get('s1' as never);
  if (known?.member == null) throw new Error('s1 is in no group');
  return { ...known.member, status: statusOf(known) };
};
const edge = (spec: ReturnType<typeof given>) => {
  const group = spec.state.groupById.get('edge' as never);
  if (group === undefined) throw new Error('there is no edge');
  return group;
};
const wanted = (spec: ReturnType<typeof given>) => directivePosition(edge(spec), s1(spec));
const proposal = (it: unknown) => it as Proposal;
const overtaken = expect.objectContaining({ code: 'overtaken' });

describe('a cordon', () => {
  it('keeps a server in the pool where it is', () => {
    const spec = given(...serving);
    const { poolChangedAt } = edge(spec);
    spec.when('server.cordon', server).thenHappened('server.cordoned', { server: 's1', group: 'edge' });
    expect(s1(spec)).toMatchObject({ status: 'ready', admittedAt: 7 });
    expect(edge(spec).poolChangedAt).toBe(poolChangedAt);
    spec.when('server.cordon', server).thenRejected('unchanged');
  });

  it('keeps a server that is not in the pool out of it, though it proves its set', () => {
    const spec = given(...member);
    spec.when('server.cordon', server);
    expect(s1(spec).status).toBe('cordoned');
    expect(edge(spec).syncing.size).toBe(0);
    expect(spec.proposed(proposal(ready('s1', 'edge', joinedAt)))).toMatchObject({ type: 'server.ready' });
    expect(s1(spec)).toMatchObject({ status: 'cordoned', admittedAt: null, covers: joinedAt });
    expect(spec.proposed(proposal(ready('s1', 'edge', joinedAt)))).toEqual(overtaken);
    spec.when('server.uncordon', server).thenHappened('server.uncordoned', { server: 's1', group: 'edge' });
    expect(s1(spec).status).toBe('syncing');
    expect([...edge(spec).syncing]).toEqual(['s1']);
    expect(spec.proposed(proposal(ready('s1', 'edge', joinedAt)))).toEqual(overtaken);
    expect(spec.proposed(proposal(ready('s1', 'edge', wanted(spec))))).toMatchObject({ type: 'server.ready' });
    expect(s1(spec).status).toBe('ready');
  });

  it('is for members that stay', () => {
    for (const type of ['server.cordon', 'server.drain', 'server.uncordon', 'server.retry']) {
      given(registered('s1')).when(type, server).thenRejected('server-not-in-group');
      given(...serving, leaving('s1', 'edge'))
        .when(type, server)
        .thenRejected('server-leaving', /"edge"/, 'muster server get s1');
    }
    given(...serving)
      .when('server.uncordon', server)
      .thenRejected('unchanged');
  });
});

describe('draining a member', () => {
  const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] as string[] };
  const isDrained = (told = evidence) =>
    proposal({ type: 'server.drained', data: { server: 's1', group: 'edge', evidence: told } });

  it('takes it out of the pool and keeps it a member, until it is uncordoned and has proved its set', () => {
    const spec = given(...serving);
    spec
      .when('server.drain', server)
      .thenHappened('server.draining', { server: 's1', group: 'edge', drainTimeoutMs: 30_000, until: 'uncordoned' });
    const { position } = spec.state;
    expect(s1(spec)).toMatchObject({ status: 'draining', admittedAt: 7, entryAt: position, directiveAt: position });
    expect(directiveServing(s1(spec))).toBe('draining');
    spec.when('server.drain', server).thenRejected('unchanged', /draining already/);
    expect(spec.proposed(proposal(left('s1', 'edge')))).toEqual(overtaken);
    expect(spec.proposed(isDrained({ ...evidence, inFlight: 1 }))).toMatchObject({ code: 'invalid' });
    expect(spec.proposed(isDrained())).toMatchObject({ type: 'server.drained' });
    expect(spec.proposed(isDrained())).toEqual(overtaken);
    expect(s1(spec)).toMatchObject({ status: 'cordoned', admittedAt: null, drain: null, directiveAt: position });
    expect(edge(spec).poolChangedAt).toBe(spec.state.position);
    expect(directiveServing(s1(spec))).toBe('draining');
    spec.when('server.drain', server).thenRejected('unchanged', /drained already/);

    spec.when('server.uncordon', server);
    expect(directiveServing(s1(spec))).toBe('yes');
    expect(wanted(spec)).toBe(spec.state.position);
    spec.proposed(proposal(ready('s1', 'edge', wanted(spec))));
    expect(s1(spec).status).toBe('ready');
  });

  it('is over at once when it is not in the pool', () => {
    const spec = given(...member, draining('s1', 'edge'));
    expect(s1(spec)).toMatchObject({ status: 'cordoned', drain: null, cordon: { drained: true } });
    expect(spec.proposed(isDrained())).toEqual(overtaken);
  });

  it('called off in time, it stays in the pool, and has to prove that it serves again', () => {
    const spec = given(...serving, draining('s1', 'edge'), uncordoned('s1', 'edge'));
    const { position } = spec.state;
    expect(s1(spec)).toMatchObject({ status: 'ready', admittedAt: 7, entryAt: position, drain: null });
    expect(wanted(spec)).toBe(position);
    expect(spec.proposed(isDrained())).toEqual(overtaken);
    expect(spec.proposed(proposal(ready('s1', 'edge', joinedAt)))).toEqual(overtaken);
  });

  it('called off while it is lost, it leaves the pool and comes back by a proof', () => {
    const spec = given(...serving, draining('s1', 'edge'), lost('s1', 'edge'));
    expect(s1(spec)).toMatchObject({ status: 'lost', admittedAt: 7, held: false });
    append(spec.state, uncordoned('s1', 'edge'));
    expect(s1(spec)).toMatchObject({ admittedAt: null, covers: 0 });
  });

  it('becomes a leaving, with the deadline it had', () => {
    const spec = given(...serving, draining('s1', 'edge'));
    const deadlineAt = s1(spec).drain?.deadlineAt;
    spec
      .when('server.move', { server: 's1', group: 'core' })
      .thenHappened('server.moving', { server: 's1', from: 'edge', group: 'core', drainTimeoutMs: 30_000 });
    const { position } = spec.state;
    const next = { to: 'group', group: 'core' } as const;
    expect(s1(spec).drain).toEqual({ at: position, deadlineAt, wasInPool: true, next });
    expect(edge(spec).poolChangedAt).toBe(position);
    expect([...(spec.state.groupById.get('core' as never)?.inbound ?? [])]).toEqual(['s1']);
    expect(spec.proposed(isDrained())).toEqual(overtaken);
    expect(spec.proposed(proposal(left('s1', 'edge', next)))).toMatchObject({ type: 'server.left' });
    expect(s1(spec)).toMatchObject({ group: 'core', askedAt: position, cordon: null, status: 'syncing' });
    expect(spec.state.groupById.get('core' as never)?.inbound.size).toBe(0);
  });

  it('once done, it leaves at once', () => {
    const spec = given(...serving, draining('s1', 'edge'), drained('s1', 'edge'));
    spec.when('server.leave', server);
    expect(s1(spec).drain).toMatchObject({ wasInPool: false });
    expect(spec.proposed(proposal(left('s1', 'edge')))).toMatchObject({ type: 'server.left' });
  });
});

describe('a server that stops', () => {
  const principal = 'srv_s1';
  const anew = { server: 's1', address: { host: '127.0.0.1', port: 7001 } };

  it('drains itself, and comes back by registering, though nothing else of it has changed', () => {
    const spec = given(...serving);
    spec
      .when('server.drain', server, { principal })
      .thenHappened('server.draining', { server: 's1', group: 'edge', drainTimeoutMs: 30_000, until: 'registered' });
    append(spec.state, drained('s1', 'edge'));
    append(spec.state, lost('s1', 'edge'));
    expect(spec.when('server.register', anew, { principal }).decision).toMatchObject({
      event: { type: 'server.registered' },
    });
    expect(s1(spec)).toMatchObject({ cordon: null, admittedAt: null, covers: 0 });
    expect(wanted(spec)).toBe(spec.state.position);
    spec.when('server.register', anew, { principal }).thenRejected('unchanged');
  });

  it('that died in its drain is out of the pool until the new process has proved its set', () => {
    const spec = given(...serving, draining('s1', 'edge', 'registered'));
    spec.when('server.register', anew);
    expect(s1(spec)).toMatchObject({ status: 'syncing', admittedAt: null, drain: null });
    expect(edge(spec).poolChangedAt).toBe(spec.state.position);
  });

  it('stays out when an operator wants it out', () => {
    for (const type of ['server.cordon', 'server.drain']) {
      const spec = given(...serving, draining('s1', 'edge', 'registered'), drained('s1', 'edge'));
      spec.when(type, server);
      spec.when('server.register', anew).thenRejected('unchanged');
      expect(s1(spec)).toMatchObject({ status: 'cordoned', cordon: { drained: true, until: 'uncordoned' } });
    }
    const spec = given(...serving, cordoned('s1', 'edge'));
    spec.when('server.drain', server, { principal });
    spec.when('server.drain', server, { principal }).thenRejected('unchanged');
    expect(s1(spec).cordon?.until).toBe('uncordoned');
  });
});

describe('trying again', () => {
  it('clears the failure, and asks for a proof of its own', () => {
    const spec = given(...member, failed('s1', 'edge', joinedAt));
    expect(edge(spec).syncing.size).toBe(0);
    spec.when('server.retry', server).thenHappened('server.retried', { server: 's1', group: 'edge' });
    expect(s1(spec)).toMatchObject({ status: 'syncing', failing: null });
    expect([...edge(spec).syncing]).toEqual(['s1']);
    expect(spec.proposed(proposal(failed('s1', 'edge', joinedAt)))).toEqual(overtaken);
    spec.when('server.retry', server).thenRejected('unchanged');
  });

  it('a server that tries again by itself is retrying, and keeps its place', () => {
    const spec = given(...member, failed('s1', 'edge', joinedAt, 'x', false));
    expect(s1(spec).status).toBe('retrying');
    expect([...edge(spec).syncing]).toEqual(['s1']);
    expect(spec.proposed(proposal(failed('s1', 'edge', joinedAt, 'x', true)))).toMatchObject({ position: 8 });
    expect(s1(spec).status).toBe('failed');
  });
});

describe('one word of several facets', () => {
  it.each([
    ['lost', [draining('s1', 'edge'), failed('s1', 'edge', 99), lost('s1', 'edge', true)]],
    ['draining', [failed('s1', 'edge', 99), draining('s1', 'edge')]],
    ['failed', [cordoned('s1', 'edge'), failed('s1', 'edge', 99)]],
    ['ready', [cordoned('s1', 'edge')]],
    ['draining', [moving('s1', 'edge', 'core')]],
  ] as const)('%s', (status, facts) => {
    expect(s1(given(...serving, ...facts)).status).toBe(status);
  });
});
