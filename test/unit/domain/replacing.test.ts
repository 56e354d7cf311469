import { describe, expect, it } from 'vitest';
import type { Proposal } from '../../../src/domain/propose.ts';
import { append, given } from '../../support/decider-spec.ts';
import {
  created,
  draining,
  joined,
  leaving,
  left,
  lost,
  ready,
  registered,
  replaced,
  replacing,
} from '../../support/fleet-facts.ts';

const facts = [created('edge'), created('core'), registered('old'), registered('new'), registered('third')];
const serving = [...facts, joined('old', 'edge'), ready('old', 'edge', 7)];
const begun = [...serving, replacing('old', 'new', 'edge')];
const asked = { server: 'old', by: 'new' };
const isReplaced = replaced('old', 'new', 'edge') as unknown as Proposal;
const overtaken = expect.objectContaining({ code: 'overtaken' });
const member = (spec: ReturnType<typeof given>, id: string) => spec.state.serverById.get(id as never)?.member;

describe('replacing a server', () => {
  it('adds before it removes', () => {
    const spec = given(...serving);
    spec.when('server.replace', asked).thenHappened('server.replacing', { ...asked, group: 'edge' });
    const { position } = spec.state;
    expect(member(spec, 'new')).toMatchObject({ group: 'edge', joinedAt: position, replaces: 'old' });
    expect(member(spec, 'old')).toMatchObject({ drain: null, replacedBy: 'new' });
    expect(spec.proposed(isReplaced)).toEqual(overtaken);
    append(spec.state, ready('new', 'edge', position));
    expect(spec.proposed(isReplaced)).toMatchObject({ type: 'server.replaced' });
    expect(member(spec, 'old')).toMatchObject({ drain: { wasInPool: true, next: { to: 'available' } } });
    expect(member(spec, 'new')?.replaces).toBeNull();
    expect(spec.proposed(isReplaced)).toEqual(overtaken);
  });

  it('waits for one that takes requests: neither draining nor lost', () => {
    for (const event of [draining('new', 'edge'), lost('new', 'edge', true)]) {
      const spec = given(...begun, ready('new', 'edge', 9), event);
      expect(spec.proposed(isReplaced)).toEqual(overtaken);
    }
  });

  it('is over when either goes by itself', () => {
    for (const gone of ['old', 'new']) {
      const spec = given(...begun, ready('new', 'edge', 9), leaving(gone, 'edge'));
      expect(spec.proposed(isReplaced)).toEqual(overtaken);
      append(spec.state, left(gone, 'edge'));
      append(spec.state, joined(gone, 'edge'));
      for (const id of ['old', 'new']) expect(member(spec, id)).toMatchObject({ replaces: null, replacedBy: null });
    }
  });

  it('needs a member that stays, and an available server that is there', () => {
    given(...facts)
      .when('server.replace', asked)
      .thenRejected('server-not-in-group');
    given(...serving, leaving('old', 'edge'))
      .when('server.replace', asked)
      .thenRejected('server-leaving');
    const spec = given(...serving);
    spec.when('server.replace', { server: 'old', by: 'nobody' }).thenRejected('unknown-server');
    spec.when('server.replace', { server: 'old', by: 'old' }).thenRejected('invalid', /itself/);
    given(...serving, joined('new', 'core'))
      .when('server.replace', asked)
      .thenRejected('server-elsewhere', /"core"/, 'muster server leave new');
    given(...serving, joined('new', 'core'), leaving('new', 'core'))
      .when('server.replace', asked)
      .thenRejected('server-leaving', /"core"/);
    given(...serving, lost('new', null))
      .when('server.replace', asked)
      .thenRejected('invalid', /is lost/);
  });

  it('happens to a server once at a time', () => {
    const spec = given(...begun);
    spec.when('server.replace', asked).thenRejected('unchanged');
    spec.when('server.replace', { server: 'old', by: 'third' }).thenRejected('server-leaving', /"new"/);
  });
});
