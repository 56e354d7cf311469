import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../schemas/events.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { cloneState, emptyState } from '../../../src/domain/fleet-state.ts';
import { floorOf } from '../../../src/domain/floor.ts';
import { directivePosition, isInPool } from '../../../src/domain/membership.ts';
import { type Proposal, isRejection, propose } from '../../../src/domain/propose.ts';
import { repeatWindowMs } from '../../../src/domain/repeats.ts';
import type { FleetState, Server } from '../../../src/domain/state.ts';
import { type Asking, append, ask, epoch, founded } from '../../support/decider-spec.ts';
import { digestA, digestB } from '../../support/fleet-facts.ts';
import { brokenBy, brokenIn } from '../../support/fleet-invariants.ts';

const server = fc.constantFrom('s1', 's2', 's3', 's4');
const group = fc.oneof(
  { weight: 3, arbitrary: fc.constant('Production') },
  { weight: 1, arbitrary: fc.constantFrom('development', 'edge', 'Core') },
);
const project = fc.constantFrom('orders', 'users');
const version = fc.constantFrom('1', '2');
const port = fc.integer({ min: 1, max: 5 });
const servers = fc.uniqueArray(server);

const bodyByType = {
  'group.create': fc.record({ group }),
  'group.configure': fc.record({
    group,
    policy: fc.record({ floorPercent: fc.constantFrom(0, 50, 100), floorWindowMs: fc.constantFrom(0, 86_400_000) }),
  }),
  'group.delete': fc.record({ group }),
  'group.set-servers': fc.oneof(fc.record({ group, servers }), fc.record({ group, add: servers, remove: servers })),
  'server.register': fc.record({ server, address: fc.record({ host: fc.constant('h'), port }) }),
  'server.configure': fc.record({ server, weight: fc.constantFrom(1, 100) }),
  'server.join': fc.record({ server, group }),
  'server.leave': fc.record({ server }),
  'server.move': fc.record({ server, group }),
  'server.retire': fc.record({ server }),
  'server.cordon': fc.record({ server }),
  'server.drain': fc.record({ server }),
  'server.uncordon': fc.record({ server }),
  'server.retry': fc.record({ server }),
  'server.replace': fc.record({ server, by: server }),
  'project.publish': fc.record({ project, version, digest: fc.constantFrom(digestA, digestB), bytes: fc.constant(1) }),
  'project.deprecate': fc.record({ project, version }),
  'project.retire': fc.record({ project }),
  'deployment.request': fc.record({ group, project, version }),
  'deployment.withdraw': fc.record({ group, project }),
  'balancer.register': fc.record({
    balancer: fc.constant('lb'),
    kind: fc.constant('haproxy'),
    groups: fc.oneof(fc.constant('all'), fc.array(group, { minLength: 1 })),
  }),
};

type Step =
  | { readonly kind: 'ask'; readonly type: string; readonly body: unknown; readonly asking: Asking }
  /** The world goes on for this server: whatever of this fits it is proposed. */
  | { readonly kind: 'progress'; readonly server: string; readonly how: How; readonly afterMs: number };

const ways = ['goes on', 'fails', 'gives up', 'is lost', 'is back', 'is held or not', 'succeeds'] as const;
type How = (typeof ways)[number];

/** A clock that also goes back, and ids that are used again. */
const asking = fc.record({
  id: fc.stringMatching(/^[a-z0-9]{1,2}$/),
  at: fc.integer({ min: epoch, max: epoch + 400_000_000 }),
});
const waysInAndOut = new Set([
  'server.join',
  'server.leave',
  'server.move',
  'server.cordon',
  'server.drain',
  'server.uncordon',
  'server.retry',
  'server.replace',
  'deployment.request',
  'group.set-servers',
]);
const asks = fc.oneof(
  ...Object.entries(bodyByType).map(([type, body]) => ({
    weight: waysInAndOut.has(type) ? 4 : 1,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      type: fc.constant(type),
      body: body as fc.Arbitrary<unknown>,
      asking,
    }),
  })),
);
const how = fc.oneof({ weight: 4, arbitrary: fc.constant('goes on' as const) }, fc.constantFrom(...ways));
const afterMs = fc.constantFrom(0, 0, 1000, 90_000_000);
const progress = fc.record({ kind: fc.constant('progress' as const), server, how, afterMs });
const steps: fc.Arbitrary<Step[]> = fc
  .array(fc.oneof({ weight: 2, arbitrary: asks }, { weight: 3, arbitrary: progress }), { maxLength: 80, size: 'max' })
  .map((random) => [...opening, ...random]);

const opens = (type: string, body: unknown): Step => ({
  kind: 'ask',
  type,
  body,
  asking: { id: `opening-${JSON.stringify(body).replace(/[^a-z0-9]+/gi, '-')}`.slice(0, 64) },
});
/** Most random walks would otherwise never leave the door: three servers, two versions, one of them in use. */
const opening: Step[] = [
  ...['1', '2'].map((one) => opens('project.publish', { project: 'orders', version: one, digest: digestA, bytes: 1 })),
  opens('deployment.request', { group: 'Production', project: 'orders', version: '1' }),
  ...['s1', 's2', 's3'].flatMap((id, index): Step[] => [
    opens('server.register', { server: id, address: { host: 'h', port: index + 1 } }),
    opens('server.join', { server: id, group: 'Production' }),
    { kind: 'progress', server: id, how: 'goes on', afterMs: 0 },
  ]),
];

interface Live {
  readonly state: FleetState;
  readonly events: Event[];
}

function take({ state, events }: Live, step: Step): void {
  if (step.kind === 'ask') {
    // A server that stops asks for itself.
    const itself = step.type === 'server.drain' && step.asking.id?.length === 1;
    const { server: id } = step.body as { server?: string };
    const principal = itself && id !== undefined ? `srv_${id}` : 'alice';
    const hash = JSON.stringify([step.type, step.body]);
    const decision = ask(state, step.type, step.body, { ...step.asking, principal, hash });
    if (decision.status === 'decided') events.push(decision.event);
    return;
  }
  const known = state.serverById.get(step.server as never);
  const proposal = known === undefined ? undefined : proposalFor(state, known, step.how);
  if (proposal === undefined) return;
  const event = propose(state, proposal, { at: state.at + step.afterMs, position: state.position + 1 });
  if (isRejection(event)) return;
  evolve(state, event);
  events.push(event);
}

function proposalFor(state: FleetState, { id, member }: Server, way: How): Proposal | undefined {
  const group = member?.group ?? null;
  if (way === 'is back') return { type: 'server.returned', data: { server: id, group } };
  if (way === 'is lost') {
    return { type: 'server.lost', data: { server: id, group, cause: 'silent', evidence: { seenAt: 1, leaseMs: 1 } } };
  }
  if (member === null || group === null) return undefined;
  const carried = state.groupById.get(group);
  if (way === 'is held or not') {
    return { type: carried?.heldAt === null ? 'pool.held' : 'pool.released', data: { group } };
  }
  if (way === 'succeeds') {
    const [first] = carried?.deploymentByProject.values() ?? [];
    if (first === undefined) return undefined;
    return { type: 'deployment.succeeded', data: { group, project: first.project, version: first.version } };
  }
  const data = { server: id, group };
  if (member.drain !== null) {
    const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
    const { next } = member.drain;
    if (next === null) return { type: 'server.drained', data: { ...data, evidence } };
    return { type: 'server.left', data: { ...data, next, evidence } };
  }
  if (way === 'goes on' && member.replaces !== null && member.admittedAt !== null) {
    return { type: 'server.replaced', data: { server: member.replaces, by: id, group, drainTimeoutMs: 1000 } };
  }
  const covers = carried === undefined ? 0 : directivePosition(carried, member);
  if (way !== 'goes on') {
    return { type: 'server.sync-failed', data: { ...data, covers, failures: [], final: way === 'gives up' } };
  }
  return { type: 'server.ready', data: { ...data, covers, evidence: { receivedAt: 1, projects: 0, instance: 'i' } } };
}

function begin(): Live {
  const state = emptyState();
  return { state, events: [append(state, founded)] };
}

function run(taken: readonly Step[], each: (live: Live) => void = () => undefined): Live {
  const live = begin();
  for (const step of taken) {
    take(live, step);
    each(live);
  }
  return live;
}

function isReuse(event: Event): boolean {
  return event.type === 'command.rejected' && event.data.rejection.code === 'id-reused';
}

const always = (property: fc.IRawProperty<unknown>) => fc.assert(property, { numRuns: 150 });

describe('whatever is asked, in whatever order', () => {
  it('a server is in no group or in exactly one, what is kept beside it is exact, nothing points at what is gone', () => {
    always(fc.property(steps, (taken) => void run(taken, ({ state }) => expect(brokenIn(state)).toEqual([]))));
  });

  it('nobody enters a pool unproved or cordoned, no absence empties one, and marks move with what they mark', () => {
    always(
      fc.property(steps, (taken) => {
        let before = begin().state;
        run(taken, ({ state, events }) => {
          const event = events.at(-1);
          if (event !== undefined && event.position > before.position) {
            expect(brokenBy(event, before, state)).toEqual([]);
          }
          before = cloneState(state);
        });
      }),
    );
  });

  it('absences of everyone at once leave every pool its floor', () => {
    always(
      fc.property(steps, (taken) => {
        const { state } = run(taken);
        const floors = [...state.groupById.values()].map(({ id, policy, servingCount }) => ({
          id,
          floor: Math.min(servingCount, floorOf(servingCount, policy.floorPercent)),
        }));
        for (const known of [...state.serverById.values()]) {
          const proposal = proposalFor(state, known, 'is lost');
          if (proposal === undefined) continue;
          const event = propose(state, proposal, { at: state.at, position: state.position + 1 });
          if (!isRejection(event)) evolve(state, event);
        }
        for (const { id, floor } of floors) {
          const kept = [...state.serverById.values()].filter(
            ({ member }) => member?.group === id && isInPool(member) && member.drain === null,
          );
          expect(kept.length).toBeGreaterThanOrEqual(floor);
        }
      }),
    );
  });

  it('positions are dense and time never goes back', () => {
    always(
      fc.property(steps, (taken) => {
        const { events } = run(taken);
        expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
        for (const [index, { at }] of events.entries()) expect(at).toBeGreaterThanOrEqual(events[index - 1]?.at ?? 0);
      }),
    );
  });

  it('replay equals live, and deciding again gives the same log', () => {
    always(
      fc.property(steps, (taken) => {
        const live = run(taken);
        const replayed = emptyState();
        for (const event of structuredClone(live.events)) evolve(replayed, event);
        expect(replayed).toEqual(live.state);
        expect(run(taken).events).toEqual(live.events);
      }),
    );
  });

  it('a repeated command is harmless', () => {
    always(
      fc.property(steps, (taken) => {
        const live = run(taken);
        const before = structuredClone(live.state);
        for (const event of live.events) {
          if (event.command === undefined || event.at <= live.state.at - repeatWindowMs || isReuse(event)) continue;
          const { principal, command, position } = event;
          const seen = ask(live.state, 'group.create', { group: 'edge' }, { principal, ...command });
          expect(seen).toEqual({ status: 'repeat', position });
        }
        expect(live.state).toEqual(before);
      }),
    );
  });

  it('a copy and its original do not notice each other', () => {
    always(
      fc.property(steps, steps, (first, second) => {
        const live = run(first);
        const copy = { state: cloneState(live.state), events: [...live.events] };
        const frozen = structuredClone(live.state);
        for (const step of second) take(live, step);
        expect(copy.state).toEqual(frozen);
        for (const step of second) take(copy, step);
        expect(copy.state).toEqual(live.state);
      }),
    );
  });
});
