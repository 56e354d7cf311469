import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRollouts } from '../../../src/rollout/planner.ts';
import type { Member } from '../../../src/domain/state.ts';
import type { RolloutProposal } from '../../../src/rollout/about.ts';
import type { ServerId } from '../../../schemas/ids.ts';
import type { RolloutPolicy, Strategy } from '../../../schemas/rollout.ts';
import { edge, naiveLimit, naiveMotion, PlayedGroup } from './played-group.ts';

const amount = fc.constantFrom(1, 2, 3, '20%', '50%', '100%');
const canaryStep = fc.record(
  { servers: amount, bakeMs: fc.constantFrom(0, 5_000), pause: fc.boolean() },
  { requiredKeys: ['servers'] },
);
const strategy: fc.Arbitrary<Strategy> = fc.oneof(
  fc.record({ kind: fc.constant('all-at-once' as const) }),
  fc.record({ kind: fc.constant('rolling' as const), batch: amount }),
  fc.record({
    kind: fc.constant('canary' as const),
    steps: fc.array(canaryStep, { minLength: 1, maxLength: 3 }),
    batch: amount,
  }) as fc.Arbitrary<Strategy>,
  fc.record({ kind: fc.constant('blue-green' as const), standby: amount, keepMs: fc.constantFrom(0, 5_000) }),
);
/** Deadlines long enough that what works makes them, short enough that a run sees them pass. */
const policy: fc.Arbitrary<RolloutPolicy> = fc.record({
  strategy,
  change: fc.constantFrom('hot', 'drain-first'),
  maxUnavailable: amount,
  minHealthyMs: fc.constantFrom(0, 3_000),
  healthyDeadlineMs: fc.constant(40_000),
  progressDeadlineMs: fc.constant(60_000),
  failuresAllowed: fc.constantFrom(0, 0, 1, 2),
  autoRollback: fc.boolean(),
  errorRateMax: fc.constant(null),
  latencyRatioMax: fc.constant(null),
  probe: fc.constant(null),
});
const size = fc.integer({ min: 1, max: 7 });
const which = fc.integer({ min: 0, max: 8 }).map((index) => `s${index}`);
const verdict = fc.constantFrom('fails' as const, 'hangs' as const, 'unwell' as const);
const verdicts = fc.array(fc.tuple(which, fc.constantFrom('orders@2', 'users@2'), verdict), { maxLength: 2 });

type Move = (played: PlayedGroup) => void;
function move(name: string, given: fc.Arbitrary<string>, act: (played: PlayedGroup, id: string) => void) {
  return given.map((id) => ({
    act: ((played) => act(played, id)) as Move,
    [fc.toStringMethod]: () => `${name} ${id}`,
  }));
}
const isMember = (played: PlayedGroup, id: string) => played.group.servers.has(id as ServerId);
const of = (name: string, act: (played: PlayedGroup, id: string) => void) =>
  move(name, which, (played, id) => {
    if (isMember(played, id)) act(played, id);
  });
const staying = (played: PlayedGroup, id: string) => played.server(id).member?.drain === null;
const operated = (verb: Parameters<PlayedGroup['does']>[0], from: readonly string[]) =>
  move(verb, fc.constant(''), (played) => {
    for (const rollout of played.group.rolloutById.values()) {
      if (from.includes(rollout.status)) return played.does(verb, rollout, verb === 'promoted');
    }
  });

const happens = fc.oneof(
  { weight: 10, arbitrary: move('rounds', fc.constant(''), (played) => played.rounds(3)) },
  of('lose', (played, id) => played.lose(id)),
  of('unwell', (played, id) => played.lose(id, 'unhealthy')),
  { weight: 2, arbitrary: of('back', (played, id) => played.back(id)) },
  of('leave', (played, id) => (staying(played, id) ? played.leave(id) : undefined)),
  of('cordon', (played, id) => played.of('server.cordoned', id)),
  of('drain', (played, id) => (staying(played, id) ? played.drain(id) : undefined)),
  // One that stands by is not a person's to let in: the decider refuses that.
  of('uncordon', (played, id) => {
    const { cordon } = played.server(id).member ?? { cordon: null };
    if (cordon !== null && !(cordon.until === 'rolled' && cordon.drained)) played.of('server.uncordoned', id);
  }),
  move('join', which, (played, id) => (isMember(played, id) ? undefined : played.join(id))),
  move('elect', fc.constant(''), (played) => played.elect()),
  operated('paused', ['running']),
  operated('resumed', ['paused']),
  operated('promoted', ['running', 'paused']),
  operated('retried', ['halted']),
  operated('aborted', ['running', 'paused', 'halted']),
);

/** Whom a step may tell: here to stay, heard, and in nobody else's hands. */
function mayBeTold(played: PlayedGroup, id: ServerId): boolean {
  const { member, lost } = played.server(id);
  if (member === null || lost !== null || member.drain !== null) return false;
  return isNobodysElse(member);
}

/** No person keeps it out of the pool; one cordoned in it is a member like any other. */
function isNobodysElse({ cordon, admittedAt }: Pick<Member, 'cordon' | 'admittedAt'>): boolean {
  return cordon === null || cordon.until === 'rolled' || admittedAt !== null;
}

/** Asserts the limits around each proposal. What protects nothing, and a blue-green's own parts, are exempt. */
function watch(played: PlayedGroup): void {
  let isExempt = false;
  let limit = 0;
  played.before = (proposal: RolloutProposal) => {
    if (proposal.type !== 'rollout.advanced') return;
    const { rollout: id, servers, target } = proposal.data;
    const rollout = played.group.rolloutById.get(id);
    expect(rollout?.status, 'only what runs tells anybody').toBe('running');
    for (const server of servers) expect(mayBeTold(played, server), `${server} may be told`).toBe(true);
    expect(new Set(servers).size).toBe(servers.length);
    expect(servers.length).toBeGreaterThan(0);
    const isServed = [...played.group.servers].some((each) => played.server(each).member?.admittedAt !== null);
    const isBegin = rollout?.moved.size === 0 || rollout?.target !== target;
    isExempt = rollout?.policy.strategy.kind === 'blue-green' || (isBegin && !isServed);
    if (rollout?.targets[target]?.from === null) isExempt = true;
    limit = naiveLimit(played.group);
  };
  played.after = (proposal: RolloutProposal) => {
    if (proposal.type !== 'rollout.advanced' || isExempt) return;
    const moving = naiveMotion(played);
    expect(moving.size, `in motion: ${[...moving]}`).toBeLessThanOrEqual(limit);
  };
}

/** Thousands of fleets, each for as long as it takes. */
const timeoutMs = 120_000;

/** By the deadlines above: no rollout of eight servers runs longer. */
const roundsMax = 1_200;

function checkOver(played: PlayedGroup): void {
  for (const rollout of played.group.rolloutById.values()) {
    if (rollout.status === 'paused' || rollout.status === 'halted') continue;
    // It waits for somebody to tell, or for whoever another rollout holds that waits for a person.
    const others = [...played.group.rolloutById.values()].filter(({ id }) => id !== rollout.id);
    const isHeldUp = others.some(({ status }) => status === 'paused' || status === 'halted');
    const isServed = [...played.group.servers].some((id) => played.server(id).member?.admittedAt !== null);
    // Whom a person has taken out meanwhile stands by no more.
    const isHere = (id: ServerId) => (played.server(id).member?.cordon?.until ?? 'rolled') === 'rolled';
    const isBegun = [...played.group.servers].some((id) => rollout.moved.has(id) && isHere(id));
    const standsBy = rollout.policy.strategy.kind === 'blue-green' && !isBegun && isServed;
    const isThere = (id: ServerId) => {
      const { member, lost } = played.server(id);
      if (lost !== null || member === null || member.drain !== null) return false;
      // Who has to stand by takes traffic, and no person keeps it from coming back.
      return standsBy ? member.admittedAt !== null && member.cordon === null : isNobodysElse(member);
    };
    const there = [...played.group.servers].filter(isThere);
    expect(there.length === 0 || isHeldUp, `${rollout.status} for ever: ${JSON.stringify(rollout)}`).toBe(true);
  }
}

function begin(count: number, ...policies: readonly RolloutPolicy[]): PlayedGroup {
  const played = new PlayedGroup(count);
  watch(played);
  for (const [index, each] of policies.entries()) played.request(each, index === 0 ? 'orders' : 'users', '2');
  played.hear();
  played.decide();
  return played;
}

describe('whatever the group and its policies', () => {
  it(
    'a version that works succeeds on every server, where servers stay',
    () => {
      fc.assert(
        fc.property(size, fc.array(policy, { minLength: 1, maxLength: 2 }), (count, policies) => {
          const played = begin(count, ...policies);
          for (let turn = 0; turn < 60 && played.group.rolloutById.size > 0; turn += 1) {
            played.settle(roundsMax);
            for (const rollout of [...played.group.rolloutById.values()]) {
              // One that runs waits for one that is paused.
              if (rollout.status === 'running') continue;
              expect(rollout.pausedBy, 'it only ever waits for its own step').toBe('step');
              played.does('resumed', rollout);
            }
          }
          expect([...new Set(played.ended)]).toEqual(['succeeded']);
          played.rounds(10);
          for (const id of played.group.servers) {
            expect(played.holds(id)).toEqual(['orders@2', policies.length > 1 ? 'users@2' : 'users@1']);
            expect(played.server(id).member?.admittedAt, `${id} serves`).not.toBeNull();
          }
        }),
        { numRuns: 600 },
      );
    },
    timeoutMs,
  );

  it(
    'it ends, or waits for a person, whatever fails wherever, and all hold one version then',
    () => {
      fc.assert(
        fc.property(size, fc.array(policy, { minLength: 1, maxLength: 2 }), verdicts, (count, policies, bad) => {
          const played = begin(count, ...policies);
          for (const [id, name, what] of bad) played.verdicts.set(`${id}/${name}`, what);
          played.settle(roundsMax);
          checkOver(played);
          if (played.group.rolloutById.size > 0) return;
          played.rounds(10);
          expect(new Set([...played.group.servers].map((id) => played.holds(id).join())).size).toBe(1);
        }),
        { numRuns: 600 },
      );
    },
    timeoutMs,
  );

  it(
    'no limit is broken and no server moved that is not the rollout’s, whatever happens meanwhile',
    () => {
      fc.assert(
        fc.property(
          size,
          fc.array(policy, { minLength: 1, maxLength: 2 }),
          verdicts,
          fc.array(happens, { maxLength: 25 }),
          (count, policies, bad, moves) => {
            const played = begin(count, ...policies);
            for (const [id, name, what] of bad) played.verdicts.set(`${id}/${name}`, what);
            for (const { act } of moves) {
              act(played);
              played.decide();
            }
            played.hear();
            played.settle(roundsMax);
            checkOver(played);
          },
        ),
        { numRuns: 1_500 },
      );
    },
    timeoutMs,
  );

  it(
    'a leader that begins at any moment plans the same',
    () => {
      fc.assert(
        fc.property(size, policy, verdicts, fc.array(happens, { maxLength: 15 }), (count, asked, bad, moves) => {
          const played = begin(count, asked);
          for (const [id, name, what] of bad) if (what !== 'unwell') played.verdicts.set(`${id}/${name}`, what);
          for (const { act } of moves) {
            act(played);
            const before = structuredClone(played.state);
            played.hear();
            const plan = planRollouts(played.state, edge, played.observed, played.now);
            played.elect();
            played.hear();
            expect(planRollouts(played.state, edge, played.observed, played.now)).toEqual(plan);
            expect(played.state, 'a plan changes nothing').toEqual(before);
          }
        }),
        { numRuns: 300 },
      );
    },
    timeoutMs,
  );
});
