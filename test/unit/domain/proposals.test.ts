import { describe, expect, it } from 'vitest';
import type { Proposal } from '../../../src/domain/propose.ts';
import { statusOf } from '../../../src/domain/membership.ts';
import { append, fact, founded, given } from '../../support/decider-spec.ts';
import {
  created,
  deployed,
  failed,
  joined,
  leaving,
  left,
  moving,
  published,
  ready,
  registered,
} from '../../support/fleet-facts.ts';

const member = [created('edge'), created('core'), registered('s1'), joined('s1', 'edge')];
/** Where `member` ends: the position s1 joined at, hence its first directive's. */
const joinedAt = 5;
const proposal = (it: unknown) => it as Proposal;
const overtaken = expect.objectContaining({ code: 'overtaken' });
const s1 = (spec: ReturnType<typeof given>) => spec.state.serverById.get('s1' as never)?.member;
const status = (spec: ReturnType<typeof given>) => statusOf(spec.state.serverById.get('s1' as never) as never);

describe('a server said to be ready', () => {
  it('enters the pool when it proved what the group carries now', () => {
    const spec = given(...member);
    expect(spec.proposed(proposal(ready('s1', 'edge', joinedAt)))).toMatchObject({ principal: 'system', position: 6 });
    expect(s1(spec)).toMatchObject({ admittedAt: 6, entryAt: 6, covers: joinedAt, failing: null });
    expect(spec.state.groupById.get('edge' as never)?.poolChangedAt).toBe(6);
  });

  it('does not when a deployment has overtaken its receipt, or it proves what was never asked', () => {
    const spec = given(...member, published('orders', '1'), deployed('orders', '1', 'edge'));
    expect(spec.proposed(proposal(ready('s1', 'edge', joinedAt)))).toEqual(overtaken);
    expect(spec.proposed(proposal(ready('s1', 'edge', 99)))).toEqual(overtaken);
    expect(spec.proposed(proposal(ready('s1', 'edge', 7)))).toMatchObject({ type: 'server.ready' });
  });

  it('does not from another group, on its way out, or gone', () => {
    expect(given(...member).proposed(proposal(ready('s1', 'core', joinedAt)))).toEqual(overtaken);
    expect(given(...member, leaving('s1', 'edge')).proposed(proposal(ready('s1', 'edge', joinedAt)))).toEqual(
      overtaken,
    );
    expect(given(...member).proposed(proposal(ready('s9', 'edge', joinedAt)))).toEqual(overtaken);
  });

  it('proves a newer set without touching the pool, and says the same only once', () => {
    const spec = given(
      ...member,
      ready('s1', 'edge', joinedAt),
      published('orders', '1'),
      deployed('orders', '1', 'edge'),
    );
    expect(spec.proposed(proposal(ready('s1', 'edge', 8)))).toMatchObject({ type: 'server.ready' });
    expect(s1(spec)).toMatchObject({ admittedAt: 6, entryAt: 6, covers: 8 });
    expect(spec.state.groupById.get('edge' as never)?.poolChangedAt).toBe(6);
    expect(spec.proposed(proposal(ready('s1', 'edge', 8)))).toEqual(overtaken);
  });
});

describe('a server said to have failed', () => {
  it('is failed when it is not in the pool, and may still become ready', () => {
    const spec = given(...member);
    spec.proposed(proposal(failed('s1', 'edge', joinedAt)));
    expect(s1(spec)).toMatchObject({ covers: 0, failing: { at: 6, covers: joinedAt, final: true } });
    expect(spec.proposed(proposal(failed('s1', 'edge', joinedAt)))).toEqual(overtaken);
    expect(spec.proposed(proposal(failed('s1', 'edge', joinedAt, 'something else')))).toMatchObject({ position: 7 });
    expect(spec.state.serverById.get('s1' as never)?.since).toBe(6);
    spec.proposed(proposal(ready('s1', 'edge', joinedAt)));
    expect(status(spec)).toBe('ready');
  });

  it('stays in the pool when it was in, with its last good set, until it succeeds', () => {
    const spec = given(
      ...member,
      ready('s1', 'edge', joinedAt),
      published('orders', '1'),
      deployed('orders', '1', 'edge'),
    );
    spec.proposed(proposal(failed('s1', 'edge', 8)));
    expect(s1(spec)).toMatchObject({ admittedAt: 6, covers: joinedAt, failing: { failures: [{ project: 'orders' }] } });
    expect(status(spec)).toBe('failed');
    expect(spec.proposed(proposal(failed('s1', 'edge', 8)))).toEqual(overtaken);
    spec.proposed(proposal(ready('s1', 'edge', 8)));
    expect(s1(spec)).toMatchObject({ admittedAt: 6, covers: 8, failing: null });
  });
});

describe('a server said to have left', () => {
  const leavesAt = { deadlinePassed: false, inFlight: 0, unconfirmed: [] };
  const leaves = (next: unknown, evidence: object = leavesAt) =>
    proposal({ type: 'server.left', data: { server: 's1', group: 'edge', next, evidence } });

  it('left only the way the log says', () => {
    const spec = given(...member, moving('s1', 'edge', 'core'));
    expect(spec.proposed(leaves({ to: 'available' }))).toEqual(overtaken);
    expect(spec.proposed(leaves({ to: 'group', group: 'production' }))).toEqual(overtaken);
    expect(spec.proposed(leaves({ to: 'group', group: 'core' }))).toMatchObject({ type: 'server.left' });
    expect(spec.proposed(proposal(left('s1', 'edge')))).toEqual(overtaken);
  });

  it('has not left with requests in flight before its deadline', () => {
    const spec = given(...member, ready('s1', 'edge', joinedAt), leaving('s1', 'edge', 60_000));
    const busy = { ...leavesAt, inFlight: 3 };
    expect(spec.proposed(leaves({ to: 'available' }, busy))).toMatchObject({ code: 'invalid' });
    const late = { ...busy, deadlinePassed: true };
    expect(spec.proposed(leaves({ to: 'available' }, late))).toMatchObject({ code: 'invalid', message: /time left/ });
    expect(spec.proposed(leaves({ to: 'available' }, late), spec.state.at + 60_000)).toMatchObject({
      type: 'server.left',
    });
  });
});

describe('the fleet and its leader', () => {
  it('a term begins once, above the last', () => {
    const spec = given();
    const elected = (term: number) => proposal({ type: 'coordinator.elected', data: { term, instance: 'i' } });
    expect(spec.proposed(elected(2))).toMatchObject({ type: 'coordinator.elected' });
    expect(spec.proposed(elected(2))).toEqual(overtaken);
    expect(spec.proposed(elected(3))).toMatchObject({ position: 3 });
  });

  it('nothing an operator removed comes back: a fleet is founded once, its groups may be deleted', () => {
    const spec = given();
    spec.when('group.delete', { group: 'Production' }).thenHappened('group.deleted', { group: 'production' });
    append(spec.state, fact('coordinator.elected', { term: 7, instance: 'another' }));
    expect(spec.proposed(proposal(founded))).toEqual(overtaken);
    expect([...spec.state.groupById.keys()]).toEqual(['development']);
  });
});
