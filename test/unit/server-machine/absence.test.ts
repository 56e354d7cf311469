import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/server-machine/advance.ts';
import { unwellReadingsMin } from '../../../src/server-machine/facts.ts';
import type { ServerFacts } from '../../../src/server-machine/facts.ts';
import {
  available,
  cordoned,
  drain,
  draining,
  given,
  known,
  leaseEndsAt,
  leaseMs,
  lost,
  names,
  now,
  production,
  ready,
  receipt,
  said,
  server,
  syncing,
} from './given.ts';

const silent = { seenAt: now - leaseMs, heard: true, leaseMs, unwellReadings: 0 };
const unwell = { seenAt: now, heard: true, leaseMs, unwellReadings: unwellReadingsMin };

describe('a server that is not heard', () => {
  it.each([
    ['available', available, null],
    ['syncing', syncing, production],
    ['ready', ready, production],
    ['cordoned', cordoned, production],
    ['draining', draining, production],
  ])('is proposed as lost at the end of its lease, and not before: %s', (_, server_, group) => {
    const early = given({ known: server_, life: { ...silent, seenAt: silent.seenAt + 1 } });
    expect(names(advance(undefined, early).steps)).not.toContain('propose-lost');
    const late = advance(undefined, given({ known: server_, life: silent }));
    const evidence = { seenAt: silent.seenAt, leaseMs };
    expect(said(late.steps, 'propose-lost')).toEqual({ server, group, cause: 'silent', evidence });
  });

  it('is looked at when its lease ends, in no group too, unless a drain ends before', () => {
    const at = (server_: typeof ready) => said(advance(undefined, given({ known: server_ })).steps, 'wake-at')?.at;
    expect([at(available), at(ready), at(draining)]).toEqual([leaseEndsAt, leaseEndsAt, drain.deadlineAt]);
  });

  it('proves nothing any more: its receipt lets nobody in who is gone', () => {
    const { steps } = advance('syncing', given({ life: silent, receipt: receipt() }));
    expect(names(steps)).not.toContain('propose-ready');
  });

  it('is not proposed once it is gone from the fleet', () => {
    expect(names(advance('ready', given({ known: null, desired: null, life: silent })).steps)).toEqual([
      'publish-assignment',
      'clear-directives',
    ]);
  });
});

describe('a server that says it is not well', () => {
  it('is proposed as lost after so many readings in a row, when it takes traffic', () => {
    const { steps } = advance('ready', given({ known: ready, life: { ...unwell, problem: 'GET /x answered 500' } }));
    const evidence = { problem: 'GET /x answered 500' };
    expect(said(steps, 'propose-lost')).toMatchObject({ cause: 'unhealthy', evidence });
    const once = given({ known: ready, life: { ...unwell, unwellReadings: unwellReadingsMin - 1 } });
    expect(names(advance('ready', once).steps)).not.toContain('propose-lost');
  });

  it.each([
    ['outside the pool', syncing],
    ['on its way out, where refusing is what it was told', draining],
  ])('is left alone %s', (_, server_) => {
    expect(names(advance(undefined, given({ known: server_, life: unwell })).steps)).not.toContain('propose-lost');
  });
});

describe('a lost server', () => {
  const away: Partial<ServerFacts> = { known: lost, life: silent };

  it('finds its directive whenever it comes back, and is neither lost again nor woken', () => {
    const { snapshot, steps } = advance('ready', given(away));
    expect(snapshot).toBe('lost.away');
    expect(names(steps)).toEqual(['publish-directive', 'publish-assignment', 'clear-directives']);
  });

  it('of no group is told so and no more', () => {
    const { steps } = advance('available', given({ known: known(null, { at: 40, cause: 'silent' }), life: silent }));
    expect(names(steps)).toEqual(['publish-assignment', 'clear-directives']);
  });

  it('is back when this leader hears it', () => {
    const heard = given({ known: lost });
    expect(said(advance('lost.away', heard).steps, 'propose-returned')).toEqual({ server, group: production });
    const granted = given({ known: lost, life: { seenAt: now, heard: false, leaseMs, unwellReadings: 0 } });
    expect(names(advance('lost.away', granted).steps)).not.toContain('propose-returned');
  });

  it('that was not well is back once it is well', () => {
    const sick = known({}, { at: 40, cause: 'unhealthy' });
    expect(names(advance('lost.away', given({ known: sick, life: unwell })).steps)).not.toContain('propose-returned');
    expect(names(advance('lost.away', given({ known: sick })).steps)).toContain('propose-returned');
  });

  it('that the floor holds is let go once others suffice, and not before, nor when it is back', () => {
    const held = known({ ...ready.member, held: true }, { at: 40, cause: 'silent' });
    const says = (differs: Partial<ServerFacts>) =>
      said(
        advance('lost.away', given({ known: held, life: silent, mayLetGo: true, ...differs })).steps,
        'propose-lost',
      );
    expect(says({})).toMatchObject({ cause: 'silent', group: production });
    expect(says({ mayLetGo: false })).toBeUndefined();
    expect(says({ life: given().life })).toBeUndefined();
    expect(says({ known: lost })).toBeUndefined();
  });

  it('proves nothing before it is back', () => {
    const { steps } = advance('lost.away', given({ ...away, receipt: receipt() }));
    expect(names(steps)).not.toContain('propose-ready');
  });
});
