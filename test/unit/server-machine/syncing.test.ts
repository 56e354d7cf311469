import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/server-machine/advance.ts';
import {
  cordoned,
  failed,
  failure,
  given,
  known,
  names,
  now,
  ready,
  receipt,
  retrying,
  said,
  server,
} from './given.ts';
import { production } from './given.ts';

const waits = { maySync: false } as const;

describe('a server whose turn to sync has not come', () => {
  it('hears which group it is in, and nothing to hold yet', () => {
    const { snapshot, steps } = advance('available', given(waits));
    expect(snapshot).toBe('syncing');
    expect(names(steps)).toEqual(['publish-assignment', 'clear-directives', 'wake-at']);
    expect(said(steps, 'publish-assignment')?.group).toBe(production);
  });

  it.each([
    ['has answered its directive', given({ ...waits, receipt: receipt({ projects: [] }) })],
    ['has proved one before', given({ ...waits, known: known({ covers: 11 }) })],
    ['tries again', given({ ...waits, known: retrying })],
    ['has failed', given({ ...waits, known: failed })],
    ['is in the pool', given({ ...waits, known: ready })],
    ['is kept out of the pool', given({ ...waits, known: cordoned })],
  ])('is told all the same when it %s', (_, facts) => {
    expect(names(advance('syncing', facts).steps)).toContain('publish-directive');
  });
});

describe('a sync that fails', () => {
  const failing = receipt({ failures: [failure('no disk')], retryAt: now + 500 });

  it('is not final while the server says when it tries again, and final when it does not', () => {
    const final = (proof: typeof failing) =>
      said(advance('syncing', given({ receipt: proof })).steps, 'propose-sync-failed')?.final;
    expect(final(failing)).toBe(false);
    expect(final(receipt({ failures: failing.failures }))).toBe(true);
  });

  it('is said again when the tries are used up, and not in between', () => {
    const again = advance('retrying', given({ known: retrying, receipt: failing }));
    expect(names(again.steps)).not.toContain('propose-sync-failed');
    const over = advance('retrying', given({ known: retrying, receipt: receipt({ failures: failing.failures }) }));
    expect(said(over.steps, 'propose-sync-failed')).toMatchObject({ final: true, covers: 12 });
  });

  it('of a server in the pool is said too, and ends with a whole receipt for the same directive', () => {
    const inPool = known({ ...ready.member, failing: { final: true, at: 20, covers: 12, failures: failing.failures } });
    const first = advance('ready', given({ known: ready, receipt: receipt({ failures: failing.failures }) }));
    expect(said(first.steps, 'propose-sync-failed')).toMatchObject({ covers: 12 });
    const mended = advance('failed', given({ known: inPool, receipt: receipt() }));
    expect(said(mended.steps, 'propose-ready')).toMatchObject({ covers: 12 });
  });
});

describe('a cordoned server', () => {
  it('proves its set once, without being proposed for ever as one that enters', () => {
    const unproved = given({ known: known({ ...cordoned.member, covers: 0 }), receipt: receipt() });
    expect(said(advance('cordoned', unproved).steps, 'propose-ready')).toMatchObject({ covers: 12 });
    const proved = given({ known: cordoned, receipt: receipt() });
    expect(names(advance('cordoned', proved).steps)).not.toContain('propose-ready');
  });

  it('proves it by a receipt that drains, when that is what it was told', () => {
    const drained = known({ covers: 0, cordon: { at: 10, drained: true, until: 'uncordoned' } });
    const desired = {
      ...given().desired,
      position: 12,
      serving: 'draining' as const,
      projects: given().desired?.projects ?? [],
    };
    const steps = (serving: 'yes' | 'draining') =>
      names(advance('cordoned', given({ known: drained, desired, receipt: receipt({ serving }) })).steps);
    expect(steps('yes')).not.toContain('propose-ready');
    expect(steps('draining')).toContain('propose-ready');
  });
});

describe('a server that replaces another', () => {
  const replaces = 'edge-0' as typeof server;
  const inPool = known({ ...ready.member, replaces });

  it('is proposed to take over once it is in the pool and the other has not begun to leave', () => {
    const { steps } = advance('ready', given({ known: inPool, replacedStays: true }));
    expect(said(steps, 'propose-replaced')).toEqual({ server: replaces, by: server, group: production });
  });

  it.each([
    ['it is in the pool', given({ known: known({ replaces }), replacedStays: true })],
    ['there is anybody left to replace', given({ known: inPool, replacedStays: false })],
  ])('waits until %s', (_, facts) => {
    expect(names(advance(undefined, facts).steps)).not.toContain('propose-replaced');
  });
});
