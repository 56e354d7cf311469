import { describe, expect, it } from 'vitest';
import { initialTransition } from 'xstate';
import { advance, machineSnapshots } from '../../../src/server-machine/advance.ts';
import type { MachineSnapshot } from '../../../src/server-machine/advance.ts';
import { serverMachine } from '../../../src/server-machine/machine.ts';
import {
  available,
  billing,
  both,
  cordoned,
  draining,
  failed,
  failure,
  given,
  haproxy,
  known,
  leaseEndsAt,
  lost,
  names,
  now,
  orders,
  production,
  ready,
  receipt,
  retrying,
  said,
  server,
} from './given.ts';

describe('a server in no group', () => {
  it('is told so, and then its directives are withdrawn', () => {
    const { snapshot, steps } = advance(undefined, given({ known: available, desired: null }));
    expect(snapshot).toBe('available');
    expect(steps).toEqual([
      { name: 'publish-assignment', arguments: { server, group: null, position: 7 } },
      { name: 'clear-directives', arguments: { server, except: null } },
      { name: 'wake-at', arguments: { server, at: leaseEndsAt } },
    ]);
  });

  it('is told the same once it is gone from the fleet', () => {
    const { snapshot, steps } = advance('ready', given({ known: null, desired: null, position: 40 }));
    expect(snapshot).toBe('gone');
    expect(steps).toEqual([
      { name: 'publish-assignment', arguments: { server, group: null, position: 40 } },
      { name: 'clear-directives', arguments: { server, except: null } },
    ]);
  });

  it('comes back from being gone when it registers again', () => {
    expect(advance('gone', given({ known: available, desired: null })).snapshot).toBe('available');
  });
});

describe('a syncing server', () => {
  it('finds its directive before the assignment that points to it, and loses the old group’s last', () => {
    const { snapshot, steps } = advance('available', given());
    expect(snapshot).toBe('syncing');
    expect(steps).toEqual([
      {
        name: 'publish-directive',
        arguments: { server, group: production, position: 12, serving: 'yes', projects: both },
      },
      { name: 'publish-assignment', arguments: { server, group: production, position: 10 } },
      { name: 'clear-directives', arguments: { server, except: production } },
      { name: 'wake-at', arguments: { server, at: leaseEndsAt } },
    ]);
  });

  it('is proposed as ready by a receipt for exactly its directive that holds everything', () => {
    const { steps } = advance('syncing', given({ receipt: receipt() }));
    expect(said(steps, 'propose-ready')).toEqual({
      server,
      group: production,
      covers: 12,
      evidence: { receivedAt: now - 5, projects: 2, instance: 'a' },
    });
  });

  it('is ready with nothing to hold once it says so', () => {
    const facts = given({
      desired: { position: 12, serving: 'yes', projects: [] },
      receipt: receipt({ projects: [] }),
    });
    expect(names(advance('syncing', facts).steps)).toContain('propose-ready');
  });

  it.each([
    ['for an older directive', receipt({ position: 11 })],
    ['for a newer directive than the acknowledged one', receipt({ position: 13 })],
    ['that misses a project', receipt({ projects: [{ project: billing.project, version: billing.version }] })],
    [
      'that holds another version',
      receipt({ projects: [billing, { project: orders.project, version: billing.version }] }),
    ],
    ['that says it drains', receipt({ serving: 'draining' })],
  ])('is not ready by a receipt %s', (_, proof) => {
    expect(names(advance('syncing', given({ receipt: proof })).steps)).not.toContain('propose-ready');
  });

  it('is proposed as failed with the texts of its receipt, and not as ready', () => {
    const { steps } = advance('syncing', given({ receipt: receipt({ failures: [failure('no disk')] }) }));
    expect(said(steps, 'propose-sync-failed')).toEqual({
      server,
      group: production,
      covers: 12,
      failures: [failure('no disk')],
      final: true,
    });
    expect(names(steps)).not.toContain('propose-ready');
  });

  it('is not failed by a receipt for an older directive', () => {
    const facts = given({ receipt: receipt({ position: 11, failures: [failure('no disk')] }) });
    expect(names(advance('syncing', facts).steps)).not.toContain('propose-sync-failed');
  });
});

describe('a failed server', () => {
  it('is not proposed as failed twice for the same failures of the same directive', () => {
    const facts = given({ known: failed, receipt: receipt({ failures: [failure('no disk')] }) });
    expect(names(advance('failed', facts).steps)).toEqual([
      'publish-directive',
      'publish-assignment',
      'clear-directives',
      'wake-at',
    ]);
  });

  it.each([
    ['the same directive fails otherwise', { receipt: receipt({ failures: [failure('bad digest')] }) }],
    [
      'a newer directive fails the same way',
      {
        desired: { position: 20, serving: 'yes' as const, projects: both },
        receipt: receipt({ position: 20, failures: [failure('no disk')] }),
      },
    ],
  ])('is proposed as failed again when %s', (_, differs) => {
    expect(names(advance('failed', given({ known: failed, ...differs })).steps)).toContain('propose-sync-failed');
  });

  it('is proposed as ready as soon as a receipt holds everything', () => {
    const { snapshot, steps } = advance('failed', given({ known: failed, receipt: receipt() }));
    expect(snapshot).toBe('failed');
    expect(names(steps)).toContain('propose-ready');
  });
});

describe('a ready server', () => {
  const newer = { position: 20, serving: 'yes', projects: both } as const;

  it('is not proposed again for what the log holds of it', () => {
    const { snapshot, steps } = advance('syncing', given({ known: ready, receipt: receipt() }));
    expect(snapshot).toBe('ready');
    expect(names(steps)).toEqual(['publish-directive', 'publish-assignment', 'clear-directives', 'wake-at']);
  });

  it('is told a newer set, and proposed as ready at it by a whole receipt', () => {
    const facts = given({ known: ready, desired: newer, receipt: receipt({ position: 20 }) });
    const { steps } = advance('ready', facts);
    expect(said(steps, 'publish-directive')).toMatchObject({ position: 20, serving: 'yes' });
    expect(said(steps, 'propose-ready')).toMatchObject({ covers: 20 });
  });

  it('is proposed as failed for a newer set it could not apply, once', () => {
    const proof = receipt({ position: 20, failures: [failure('no disk')] });
    const first = advance('ready', given({ known: ready, desired: newer, receipt: proof }));
    expect(said(first.steps, 'propose-sync-failed')).toMatchObject({ covers: 20 });
    const failing = { at: 21, covers: 20, final: true, failures: [failure('no disk')] };
    const logged = known({ ...ready.member, failing });
    const second = advance('ready', given({ known: logged, desired: newer, receipt: proof }));
    expect(names(second.steps)).not.toContain('propose-sync-failed');
  });
});

describe('a move', () => {
  it('out of one group is into the next: directive, assignment, then the old directive withdrawn', () => {
    const facts = given({
      known: known({ joinedAt: 40 }),
      desired: { position: 40, serving: 'yes', projects: both },
    });
    const { snapshot, steps } = advance('draining.emptying', facts);
    expect(snapshot).toBe('syncing');
    expect(names(steps)).toEqual(['publish-directive', 'publish-assignment', 'clear-directives', 'wake-at']);
  });
});

describe('the snapshot', () => {
  it.each(machineSnapshots)('%s is left for whatever the log says', (name) => {
    const expected: [MachineSnapshot, Parameters<typeof given>[0]][] = [
      ['gone', { known: null, desired: null }],
      ['available', { known: available, desired: null }],
      ['syncing', {}],
      ['retrying', { known: retrying }],
      ['failed', { known: failed }],
      ['cordoned', { known: cordoned }],
      ['lost.away', { known: lost }],
      ['ready', { known: ready }],
      ['draining.confirming', { known: draining, unconfirmedBalancers: [haproxy] }],
      ['draining.emptying', { known: draining }],
    ];
    for (const [after, differs] of expected) expect(advance(name, given(differs)).snapshot).toBe(after);
  });

  it('makes no difference to the steps: without one the look begins from the log', () => {
    for (const name of machineSnapshots) expect(advance(name, given())).toEqual(advance(undefined, given()));
  });

  it('that names no state of the chart is a bug, never a silent nothing', () => {
    expect(() => advance('thinking' as never, given())).toThrow('a snapshot names a state of the chart: "thinking"');
  });

  it('of a member without a desired set is a bug', () => {
    expect(() => advance('ready', given({ known: ready, desired: null }))).toThrow('a member has a desired set');
  });
});

describe('the chart', () => {
  it('has nothing to say in its initial state, which XState enters without facts at every look', () => {
    expect(initialTransition(serverMachine)[1]).toEqual([]);
    expect(initialTransition(serverMachine)[0]).toMatchObject({ value: 'unseen', status: 'active' });
  });
});
