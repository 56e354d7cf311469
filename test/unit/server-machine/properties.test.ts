import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/server-machine/advance.ts';
import type { MachineSnapshot } from '../../../src/server-machine/advance.ts';
import type { ServerFacts } from '../../../src/server-machine/facts.ts';
import { unwellReadingsMin } from '../../../src/server-machine/facts.ts';
import { statusOf } from '../../../src/domain/membership.ts';
import type { Drain, Member, Server } from '../../../src/domain/state.ts';
import {
  available,
  type billing,
  both,
  failure,
  given,
  haproxy,
  known,
  leaseMs,
  now,
  type orders,
  receipt,
  said,
} from './given.ts';

/** Few positions, so that receipts and directives meet often. */
const position = fc.integer({ min: 10, max: 14 });
const projects = fc.subarray(both);
const serving = fc.constantFrom('yes' as const, 'draining' as const);
const failures = fc.subarray([failure('no disk'), failure('bad digest')]);

const failing = fc.record({ final: fc.boolean(), at: fc.constant(13), covers: position, failures });
const cordon = fc.record({
  at: fc.constant(15),
  drained: fc.boolean(),
  until: fc.constantFrom('uncordoned' as const, 'registered' as const),
});
const someDrain = fc.record({
  at: position,
  deadlineAt: fc.integer({ min: now - 50, max: now + 50 }),
  wasInPool: fc.boolean(),
  next: fc.constantFrom<Drain['next']>(null, { to: 'available' }, { to: 'retired' }),
});
const member: fc.Arbitrary<Pick<Member, 'covers' | 'failing' | 'admittedAt' | 'cordon' | 'drain' | 'replaces'>> =
  fc.record({
    covers: fc.oneof(fc.constant(0), position),
    failing: fc.option(failing),
    admittedAt: fc.option(fc.constant(14)),
    cordon: fc.option(cordon),
    drain: fc.option(someDrain),
    replaces: fc.option(fc.constant('edge-0' as Server['id'])),
  });
const lost = fc.record({ at: fc.constant(40), cause: fc.constantFrom('silent' as const, 'unhealthy' as const) });
const server: fc.Arbitrary<Server | null> = fc.oneof(fc.constantFrom<Server | null>(null, available), {
  weight: 6,
  arbitrary: fc.tuple(member, fc.option(lost, { freq: 2 })).map(([differs, gone]) => known(differs, gone)),
});

const someReceipt = fc
  .record({ position, serving, projects, failures, retryAt: fc.option(fc.constant(now + 500), { nil: undefined }) })
  .map(({ retryAt, ...differs }) =>
    receipt({ ...differs, projects: differs.projects.map(held), ...(retryAt === undefined ? {} : { retryAt }) }),
  );

const facts: fc.Arbitrary<ServerFacts> = fc
  .record({
    now: fc.integer({ min: now - 50, max: now + 50 }),
    known: server,
    maySync: fc.boolean(),
    replacedStays: fc.boolean(),
    mayLetGo: fc.boolean(),
    desired: fc.record({ position, serving, projects }),
    life: fc.record({
      seenAt: fc.integer({ min: now - leaseMs - 20, max: now }),
      heard: fc.boolean(),
      leaseMs: fc.constant(leaseMs),
      unwellReadings: fc.integer({ min: 0, max: 4 }),
    }),
    receipt: fc.option(someReceipt),
    unconfirmedBalancers: fc.subarray([haproxy]),
    inFlight: fc.record({ last: fc.constantFrom(null, 0, 1), idleReadings: fc.integer({ min: 0, max: 4 }) }),
  })
  // What is desired says draining exactly while the log does, as its projection promises.
  .map(({ desired, ...differs }) => {
    const { drain = null, cordon: cordoned = null } = differs.known?.member ?? {};
    const says = drain !== null || cordoned?.drained === true ? ('draining' as const) : ('yes' as const);
    return given({ ...differs, desired: { ...desired, serving: says } });
  });

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
      const { position: wanted, serving: as } = turn.desired ?? {};
      expect(turn.receipt).toMatchObject({ position: wanted, serving: as, failures: [] });
      expect(turn.receipt?.projects).toEqual(expect.arrayContaining(turn.desired?.projects.map(held) ?? []));
      expect(proposed.covers).toBe(wanted);
      expect([turn.known?.lost, turn.known?.member?.drain]).toEqual([null, null]);
    });
  });

  it('nobody in a pool is told to drain before every balancer has confirmed or the deadline has passed', () => {
    every((turn, { steps }) => {
      const drain = turn.known?.member?.drain ?? null;
      if (said(steps, 'publish-directive')?.serving !== 'draining' || drain === null) return;
      expect(turn.unconfirmedBalancers.length === 0 || turn.now >= drain.deadlineAt).toBe(true);
    });
  });

  it('nobody who served is out with a request in flight or a balancer sending, unless the deadline has passed', () => {
    every((turn, { steps }) => {
      const evidence = (said(steps, 'propose-left') ?? said(steps, 'propose-drained'))?.evidence;
      const drain = turn.known?.member?.drain ?? null;
      if (evidence === undefined || drain === null || !drain.wasInPool) return;
      const passed = turn.now >= drain.deadlineAt;
      if (!passed) expect([turn.inFlight.last, turn.unconfirmedBalancers]).toEqual([0, []]);
      if (evidence.deadlinePassed) expect(passed).toBe(true);
      else expect([turn.inFlight.last, turn.unconfirmedBalancers]).toEqual([0, []]);
    });
  });

  it('a server that drains is always left alone, told to drain, or out by the deadline: never told to serve', () => {
    every((turn, { steps }) => {
      const drain = turn.known?.member?.drain ?? null;
      if (drain === null) return;
      expect(said(steps, 'publish-directive')?.serving).not.toBe('yes');
      const out = drain.next === null ? 'propose-drained' : 'propose-left';
      expect(said(steps, turn.now >= drain.deadlineAt ? out : 'wake-at')).toBeDefined();
    });
  });

  it('nobody counts as lost within its lease, but one in the pool that says it is not well; and nobody twice', () => {
    every((turn, { steps }) => {
      const proposed = said(steps, 'propose-lost');
      const { seenAt, unwellReadings } = turn.life;
      if (proposed?.cause === 'silent') expect(turn.now).toBeGreaterThanOrEqual(seenAt + leaseMs);
      if (proposed?.cause === 'unhealthy') {
        expect(unwellReadings).toBeGreaterThanOrEqual(unwellReadingsMin);
        expect([turn.known?.member?.admittedAt, turn.known?.member?.drain]).toEqual([14, null]);
      }
      if (proposed !== undefined) expect(turn.known?.lost).toBeNull();
    });
  });

  it('whoever is not lost is looked at again by the end of its lease, or proposed as lost', () => {
    every((turn, { steps }) => {
      if (turn.known === null || turn.known.lost !== null) return;
      const wake = said(steps, 'wake-at')?.at ?? Number.POSITIVE_INFINITY;
      if (said(steps, 'propose-lost')?.cause === 'silent') return;
      expect(wake).toBeLessThanOrEqual(turn.life.seenAt + leaseMs);
      expect(wake).toBeGreaterThan(turn.now);
    });
  });

  it('nobody is back whom this leader has not heard', () => {
    every((turn, { steps }) => {
      if (said(steps, 'propose-returned') === undefined) return;
      expect(turn.life.heard && turn.known?.lost != null).toBe(true);
    });
  });

  it('the state is the status', () => {
    every((turn, { snapshot }) => {
      expect(snapshot.split('.')[0]).toBe(turn.known === null ? 'gone' : statusOf(turn.known));
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
      const proved = said(steps, 'propose-ready');
      const failed = said(steps, 'propose-sync-failed');
      const { member: was } = turn.known ?? {};
      if (was == null) return;
      const again = (differs: Partial<Member>) =>
        advance(undefined, { ...turn, known: known({ ...was, ...differs }) }).steps.map(({ name }) => name);
      if (proved !== undefined) {
        const admittedAt = was.admittedAt ?? (was.cordon === null ? 60 : null);
        expect(again({ covers: proved.covers, failing: null, admittedAt })).not.toContain('propose-ready');
      }
      if (failed === undefined) return;
      const { covers, failures: named, final } = failed;
      expect(again({ failing: { at: 60, covers, failures: named, final } })).not.toContain('propose-sync-failed');
    });
  });
});

function held({ project, version }: typeof billing | typeof orders) {
  return { project, version };
}
