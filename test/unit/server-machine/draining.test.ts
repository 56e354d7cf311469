import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/server-machine/advance.ts';
import { idleReadingsMin } from '../../../src/server-machine/facts.ts';
import type { ServerFacts } from '../../../src/server-machine/facts.ts';
import {
  both,
  drain,
  draining,
  given,
  haproxy,
  known,
  leaseEndsAt,
  names,
  production,
  receipt,
  said,
  server,
} from './given.ts';

const idle = { last: 0, idleReadings: idleReadingsMin };
const drained = receipt({ position: 30, serving: 'draining' });

function leaving(differs: Partial<ServerFacts> = {}): ServerFacts {
  return given({
    known: draining,
    desired: { position: 30, serving: 'draining', projects: both },
    receipt: receipt(),
    ...differs,
  });
}

describe('a draining server that balancers still send to', () => {
  const facts = leaving({ unconfirmedBalancers: [haproxy] });

  it('goes on serving: its directive is left alone', () => {
    const { snapshot, steps } = advance('ready', facts);
    expect(snapshot).toBe('draining.confirming');
    expect(names(steps)).toEqual(['publish-assignment', 'clear-directives', 'wake-at']);
    expect(said(steps, 'clear-directives')).toEqual({ server, except: production });
  });

  it('is looked at again at the deadline though nothing is heard', () => {
    expect(said(advance('ready', facts).steps, 'wake-at')).toEqual({ server, at: drain.deadlineAt });
  });

  it('does not leave though it is idle', () => {
    const { steps } = advance('ready', { ...facts, receipt: drained, inFlight: idle });
    expect(names(steps)).not.toContain('propose-left');
  });

  it('is told to drain and leaves at the deadline, with what is so', () => {
    const late = { ...facts, now: drain.deadlineAt, inFlight: { last: 4, idleReadings: 0 } };
    const { snapshot, steps } = advance('draining.confirming', late);
    expect(snapshot).toBe('draining.emptying');
    expect(names(steps)).toEqual([
      'publish-directive',
      'publish-assignment',
      'clear-directives',
      'propose-left',
      'wake-at',
    ]);
    expect(said(steps, 'propose-left')?.evidence).toEqual({
      inFlight: 4,
      deadlinePassed: true,
      unconfirmed: [haproxy],
    });
  });
});

describe('a draining server that nobody sends to any more', () => {
  it('is told to refuse what is new, holding what it held, at the position of its leaving', () => {
    const { snapshot, steps } = advance('draining.confirming', leaving());
    expect(snapshot).toBe('draining.emptying');
    expect(said(steps, 'publish-directive')).toEqual({
      server,
      group: production,
      position: 30,
      serving: 'draining',
      projects: both,
    });
    expect(names(steps)).not.toContain('propose-left');
  });

  it('is not told again once its receipt says that it drains', () => {
    expect(names(advance('draining.emptying', leaving({ receipt: drained })).steps)).not.toContain('publish-directive');
  });

  it.each([
    ['its receipt still says it serves', { inFlight: idle }],
    ['its receipt is of an earlier drain', { receipt: receipt({ position: 29, serving: 'draining' }), inFlight: idle }],
    ['a request is in flight', { receipt: drained, inFlight: { last: 1, idleReadings: 0 } }],
    ['too few readings were idle', { receipt: drained, inFlight: { last: 0, idleReadings: idleReadingsMin - 1 } }],
    ['nobody can count what is in flight', { receipt: drained, inFlight: { last: null, idleReadings: 4 } }],
    ['it has sent no receipt to this leader', { receipt: null, inFlight: idle }],
  ])('stays while %s', (_, differs) => {
    const { steps } = advance('draining.emptying', leaving(differs));
    expect(names(steps)).not.toContain('propose-left');
    expect(names(steps)).toContain('wake-at');
  });

  it('leaves when it says it drains and enough readings in a row were idle', () => {
    const { steps } = advance('draining.emptying', leaving({ receipt: drained, inFlight: idle }));
    expect(said(steps, 'propose-left')).toEqual({
      server,
      group: production,
      next: { to: 'available' },
      evidence: { inFlight: 0, deadlinePassed: false, unconfirmed: [] },
    });
  });

  it('leaves at the deadline where nobody can count, and says that it is not known what was cut off', () => {
    const uncounted = { last: null, idleReadings: 4 };
    const { steps } = advance(
      'draining.emptying',
      leaving({ now: drain.deadlineAt, receipt: drained, inFlight: uncounted }),
    );
    const evidence = { inFlight: 0, uncounted: true, deadlinePassed: true, unconfirmed: [] };
    expect(said(steps, 'propose-left')?.evidence).toEqual(evidence);
  });

  it('waits again for a balancer that came meanwhile, and is not told to serve again', () => {
    const { snapshot, steps } = advance(
      'draining.emptying',
      leaving({ receipt: drained, unconfirmedBalancers: [haproxy] }),
    );
    expect(snapshot).toBe('draining.confirming');
    expect(names(steps)).not.toContain('publish-directive');
  });

  it('is not woken for a deadline that has passed, only for its lease', () => {
    const { steps } = advance('draining.emptying', leaving({ now: drain.deadlineAt }));
    expect(said(steps, 'wake-at')).toEqual({ server, at: leaseEndsAt });
    expect(said(steps, 'propose-left')?.evidence.deadlinePassed).toBe(true);
  });

  it('does not count as cut off when it is empty by the time of the deadline', () => {
    const { steps } = advance(
      'draining.emptying',
      leaving({ now: drain.deadlineAt, receipt: drained, inFlight: idle }),
    );
    expect(said(steps, 'propose-left')?.evidence.deadlinePassed).toBe(false);
  });
});

describe('a draining server that never was in the pool', () => {
  it('leaves at once, whatever balancers have confirmed', () => {
    const never = known({ drain: { ...drain, wasInPool: false, next: { to: 'retired' } } });
    const { snapshot, steps } = advance(
      'syncing',
      leaving({ known: never, receipt: null, unconfirmedBalancers: [haproxy] }),
    );
    expect(snapshot).toBe('draining.emptying');
    expect(names(steps)).not.toContain('publish-directive');
    expect(said(steps, 'propose-left')).toEqual({
      server,
      group: production,
      next: { to: 'retired' },
      evidence: { inFlight: 0, deadlinePassed: false, unconfirmed: [] },
    });
  });
});

describe('a server that is drained and stays a member', () => {
  const stays = known({ ...draining.member, drain: { ...drain, next: null } });

  it('is proposed as drained, not as left, with the same evidence', () => {
    const { steps } = advance('draining.emptying', leaving({ known: stays, receipt: drained, inFlight: idle }));
    expect(said(steps, 'propose-drained')).toEqual({
      server,
      group: production,
      evidence: { inFlight: 0, deadlinePassed: false, unconfirmed: [] },
    });
    expect(names(steps)).not.toContain('propose-left');
  });

  it('has to prove its drain again when it is told to leave meanwhile', () => {
    const told = known({ ...draining.member, drain: { ...drain, at: 35 } });
    const { steps } = advance('draining.emptying', leaving({ known: told, receipt: drained, inFlight: idle }));
    expect(names(steps)).not.toContain('propose-left');
    expect(names(steps)).toContain('publish-directive');
  });

  it('goes on being told to drain once it is out, with whatever it shall hold by then', () => {
    const out = known({ covers: 12, directiveAt: 30, cordon: { at: 30, drained: true, until: 'uncordoned' } });
    const desired = { position: 44, serving: 'draining', projects: both } as const;
    const proof = receipt({ position: 44, serving: 'draining' });
    const { snapshot, steps } = advance('draining.emptying', given({ known: out, desired, receipt: proof }));
    expect(snapshot).toBe('cordoned');
    expect(said(steps, 'publish-directive')).toMatchObject({ position: 44, serving: 'draining' });
    expect(said(steps, 'propose-ready')).toMatchObject({ covers: 44 });
  });
});

describe('a server that a rollout took out of the pool', () => {
  const out = known({ covers: 44, directiveAt: 30, cordon: { at: 30, drained: true, until: 'rolled' } });
  const desired = { position: 44, serving: 'yes', projects: both } as const;
  const proof = receipt({ position: 44 });

  it('is let back in once its rollout is done with it, and not before', () => {
    const looked = (mayReturn: boolean) =>
      advance('cordoned', given({ known: out, desired, receipt: proof, mayReturn })).steps;
    expect(said(looked(true), 'propose-uncordoned')).toEqual({ server, group: production });
    expect(names(looked(false))).not.toContain('propose-uncordoned');
  });

  it('is let back in rather than out, when its drain has lost its purpose', () => {
    const draining = known({ ...out.member, admittedAt: 14, drain: { ...drain, next: null } });
    const told = { known: draining, desired: { ...desired, serving: 'draining' as const }, mayReturn: true };
    for (const unconfirmedBalancers of [[haproxy], []]) {
      const { steps } = advance('draining.confirming', leaving({ ...told, unconfirmedBalancers }));
      expect(names(steps)).toContain('propose-uncordoned');
      expect(names(steps)).not.toContain('propose-drained');
    }
  });

  it('stays out while it is lost', () => {
    const lost = known(out.member, { at: 50, cause: 'silent' });
    const { steps } = advance('cordoned', given({ known: lost, desired, receipt: proof, mayReturn: true }));
    expect(names(steps)).not.toContain('propose-uncordoned');
  });
});

describe('a draining server that is lost', () => {
  const gone = known(draining.member, { at: 40, cause: 'silent' });
  const silent = { seenAt: 0, heard: false, leaseMs: 6_000, unwellReadings: 0 };

  it('is waited for until its deadline, and not told to serve', () => {
    const early = advance('draining.emptying', leaving({ known: gone, life: silent }));
    expect(early.snapshot).toBe('lost.emptying');
    expect(said(early.steps, 'publish-directive')?.serving).toBe('draining');
    expect(names(early.steps)).not.toContain('propose-left');
    expect(said(early.steps, 'wake-at')).toEqual({ server, at: drain.deadlineAt });
    const late = advance('lost.emptying', leaving({ known: gone, life: silent, now: drain.deadlineAt }));
    expect(said(late.steps, 'propose-left')?.evidence.deadlinePassed).toBe(true);
    expect(names(late.steps)).not.toContain('wake-at');
  });

  it('is not told anything while balancers still send to it', () => {
    const { snapshot, steps } = advance(
      'draining.confirming',
      leaving({ known: gone, life: silent, unconfirmedBalancers: [haproxy] }),
    );
    expect(snapshot).toBe('lost.confirming');
    expect(names(steps)).not.toContain('publish-directive');
  });
});
