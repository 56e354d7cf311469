import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/server-machine/advance.ts';
import { idleReadingsMin } from '../../../src/server-machine/facts.ts';
import type { ServerFacts } from '../../../src/server-machine/facts.ts';
import { both, draining, given, haproxy, names, production, receipt, said, server } from './given.ts';

const idle = { last: 0, idleReadings: idleReadingsMin };
const drained = receipt({ position: 30, serving: 'draining' });

function leaving(differs: Partial<ServerFacts> = {}): ServerFacts {
  return given({ membership: draining, desired: { position: 30, projects: both }, receipt: receipt(), ...differs });
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
    expect(said(advance('ready', facts).steps, 'wake-at')).toEqual({ server, at: draining.deadlineAt });
  });

  it('does not leave though it is idle', () => {
    const { steps } = advance('ready', { ...facts, receipt: drained, inFlight: idle });
    expect(names(steps)).not.toContain('propose-left');
  });

  it('is told to drain and leaves at the deadline, with what is so', () => {
    const late = { ...facts, now: draining.deadlineAt, inFlight: { last: 4, idleReadings: 0 } };
    const { snapshot, steps } = advance('draining.confirming', late);
    expect(snapshot).toBe('draining.emptying');
    expect(names(steps)).toEqual(['publish-directive', 'publish-assignment', 'clear-directives', 'propose-left']);
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

  it('waits again for a balancer that came meanwhile, and is not told to serve again', () => {
    const { snapshot, steps } = advance(
      'draining.emptying',
      leaving({ receipt: drained, unconfirmedBalancers: [haproxy] }),
    );
    expect(snapshot).toBe('draining.confirming');
    expect(names(steps)).not.toContain('publish-directive');
  });

  it('is not woken for a deadline that has passed', () => {
    const { steps } = advance('draining.emptying', leaving({ now: draining.deadlineAt }));
    expect(names(steps)).not.toContain('wake-at');
    expect(said(steps, 'propose-left')?.evidence.deadlinePassed).toBe(true);
  });

  it('does not count as cut off when it is empty by the time of the deadline', () => {
    const { steps } = advance(
      'draining.emptying',
      leaving({ now: draining.deadlineAt, receipt: drained, inFlight: idle }),
    );
    expect(said(steps, 'propose-left')?.evidence.deadlinePassed).toBe(false);
  });
});

describe('a draining server that never was in the pool', () => {
  it('leaves at once, whatever balancers have confirmed', () => {
    const membership = { ...draining, wasReady: false, next: { to: 'retired' } } as const;
    const { snapshot, steps } = advance(
      'syncing',
      leaving({ membership, receipt: null, unconfirmedBalancers: [haproxy] }),
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
