import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/server-machine/advance.ts';
import type { MachineSnapshot } from '../../../src/server-machine/advance.ts';
import type { ServerFacts } from '../../../src/server-machine/facts.ts';
import type { Membership } from '../../../src/domain/state.ts';
import {
  available,
  type billing,
  both,
  draining,
  failed,
  failure,
  given,
  haproxy,
  now,
  type orders,
  ready,
  receipt,
  said,
  syncing,
} from './given.ts';

/** Few positions, so that receipts and directives meet often. */
const position = fc.integer({ min: 10, max: 14 });
const projects = fc.subarray(both);
const failures = fc.subarray([failure('no disk'), failure('bad digest')]);

const membership: fc.Arbitrary<Membership | null> = fc.oneof(
  fc.constantFrom<Membership | null>(null, available, syncing),
  fc.record({ covers: position, failures }).map((differs) => ({ ...failed, ...differs })),
  fc.record({ covers: position, failures }).map((differs) => ({ ...ready, ...differs })),
  fc
    .record({ leavingAt: position, wasReady: fc.boolean(), deadlineAt: fc.integer({ min: now - 50, max: now + 50 }) })
    .map((differs) => ({ ...draining, ...differs })),
);

const someReceipt = fc
  .record({ position, serving: fc.constantFrom('yes' as const, 'draining' as const), projects, failures })
  .map((differs) => receipt({ ...differs, projects: differs.projects.map(held) }));

const facts: fc.Arbitrary<ServerFacts> = fc
  .record({
    now: fc.integer({ min: now - 50, max: now + 50 }),
    membership,
    desired: fc.record({ position, projects }),
    receipt: fc.option(someReceipt),
    unconfirmedBalancers: fc.subarray([haproxy]),
    inFlight: fc.record({ last: fc.integer({ min: 0, max: 1 }), idleReadings: fc.integer({ min: 0, max: 4 }) }),
  })
  .map((differs) => given(differs));

const sequence = fc.array(facts, { maxLength: 12 });

/** Runs the machine over the sequence as the coordinator does, and looks at every turn. */
function follow(
  turns: readonly ServerFacts[],
  look: (turn: ServerFacts, said: ReturnType<typeof advance>) => void,
): void {
  let snapshot: MachineSnapshot | undefined;
  for (const turn of turns) {
    const advanced = advance(snapshot, turn);
    look(turn, advanced);
    snapshot = advanced.snapshot;
  }
}

function every(look: Parameters<typeof follow>[1]): void {
  fc.assert(
    fc.property(sequence, (turns) => follow(turns, look)),
    { numRuns: 200 },
  );
}

describe('whatever the facts, in whatever order', () => {
  it('nobody is proposed as ready without a receipt that names the desired position and holds the whole set', () => {
    every((turn, { steps }) => {
      const proposed = said(steps, 'propose-ready');
      if (proposed === undefined) return;
      expect(turn.receipt).toMatchObject({ position: turn.desired?.position, serving: 'yes', failures: [] });
      expect(turn.receipt?.projects).toEqual(expect.arrayContaining(turn.desired?.projects.map(held) ?? []));
      expect(proposed.covers).toBe(turn.desired?.position);
    });
  });

  it('nobody is told to drain before every balancer has confirmed or the deadline has passed', () => {
    every((turn, { steps }) => {
      if (said(steps, 'publish-directive')?.serving !== 'draining') return;
      const { membership: member } = turn;
      const passed = member?.status === 'draining' && turn.now >= member.deadlineAt;
      expect(turn.unconfirmedBalancers.length === 0 || passed).toBe(true);
    });
  });

  it('nobody who served leaves with a request in flight or a balancer sending, unless the deadline has passed', () => {
    every((turn, { steps }) => {
      const evidence = said(steps, 'propose-left')?.evidence;
      if (evidence === undefined || turn.membership?.status !== 'draining' || !turn.membership.wasReady) return;
      const passed = turn.now >= turn.membership.deadlineAt;
      if (!passed) expect([turn.inFlight.last, turn.unconfirmedBalancers]).toEqual([0, []]);
      if (evidence.deadlinePassed) expect(passed).toBe(true);
      else expect([turn.inFlight.last, turn.unconfirmedBalancers]).toEqual([0, []]);
    });
  });

  it('a server that drains is always left alone, told to drain, or gone by the deadline: never told to serve', () => {
    every((turn, { steps }) => {
      if (turn.membership?.status !== 'draining') return;
      expect(said(steps, 'publish-directive')?.serving).not.toBe('yes');
      const over = turn.now >= turn.membership.deadlineAt;
      expect(said(steps, over ? 'propose-left' : 'wake-at')).toBeDefined();
    });
  });

  it('ready and failed are never proposed together, and no step is said twice', () => {
    every((_, { steps }) => {
      const said = steps.map(({ name }) => name);
      expect(new Set(said).size).toBe(said.length);
      expect(said.includes('propose-ready') && said.includes('propose-sync-failed')).toBe(false);
    });
  });

  it('a directive comes before the assignment that points to it, and what is withdrawn comes after', () => {
    every((_, { steps }) => {
      const order = steps.map(({ name }) => name).filter((name) => /^(publish|clear)/.test(name));
      expect(order.filter((name) => name !== 'publish-directive')).toEqual(['publish-assignment', 'clear-directives']);
      expect(order.indexOf('publish-directive')).toBeLessThanOrEqual(0);
    });
  });

  it('the same facts twice give the same steps and stay where they are', () => {
    every((turn, advanced) => {
      expect(advance(advanced.snapshot, turn)).toEqual(advanced);
    });
  });

  it('what was looked at before makes no difference: a machine rebuilt from nothing says the same', () => {
    every((turn, advanced) => {
      expect(advance(undefined, turn)).toEqual(advanced);
    });
  });

  it('facts are never written to', () => {
    fc.assert(
      fc.property(facts, (turn) => {
        const before = structuredClone(turn);
        advance(undefined, turn);
        expect(turn).toEqual(before);
      }),
    );
  });
});

describe('once the log holds what was proposed', () => {
  it('it is not proposed again by the same facts', () => {
    every((turn, { steps }) => {
      const proposedReady = said(steps, 'propose-ready');
      const failing = said(steps, 'propose-sync-failed');
      if (proposedReady !== undefined) {
        const known = { ...turn, membership: { ...ready, covers: proposedReady.covers } };
        expect(said(advance('ready', known).steps, 'propose-ready')).toBeUndefined();
      }
      if (failing === undefined) return;
      const { covers, failures: names } = failing;
      const member = turn.membership?.status === 'ready' ? turn.membership : { ...failed, covers };
      const known = { ...turn, membership: { ...member, failures: names } };
      expect(said(advance(undefined, known).steps, 'propose-sync-failed')).toBeUndefined();
    });
  });
});

function held({ project, version }: typeof billing | typeof orders) {
  return { project, version };
}
