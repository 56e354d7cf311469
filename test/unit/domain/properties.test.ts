import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../schemas/events.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { cloneState, emptyState } from '../../../src/domain/fleet-state.ts';
import { directivePosition } from '../../../src/domain/membership.ts';
import { type Proposal, isRejection, propose } from '../../../src/domain/propose.ts';
import { repeatWindowMs } from '../../../src/domain/repeats.ts';
import type { FleetState, Server } from '../../../src/domain/state.ts';
import { type Asking, append, ask, epoch, founded } from '../../support/decider-spec.ts';
import { digestA, digestB } from '../../support/fleet-facts.ts';

const server = fc.constantFrom('s1', 's2', 's3', 's4');
const group = fc.constantFrom('Production', 'development', 'edge', 'Core');
const project = fc.constantFrom('orders', 'users');
const version = fc.constantFrom('1', '2');
const port = fc.integer({ min: 1, max: 5 });
const servers = fc.uniqueArray(server);

const bodyByType = {
  'group.create': fc.record({ group }),
  'group.configure': fc.record({ group, policy: fc.record({ drainTimeoutMs: fc.constantFrom(0, 1000) }) }),
  'group.delete': fc.record({ group }),
  'group.set-servers': fc.oneof(fc.record({ group, servers }), fc.record({ group, add: servers, remove: servers })),
  'server.register': fc.record({ server, address: fc.record({ host: fc.constant('h'), port }) }),
  'server.configure': fc.record({ server, weight: fc.constantFrom(1, 100) }),
  'server.join': fc.record({ server, group }),
  'server.leave': fc.record({ server }),
  'server.move': fc.record({ server, group }),
  'server.retire': fc.record({ server }),
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
  /** The world goes on for this server: it gets ready, fails, or finishes its drain. */
  | { readonly kind: 'progress'; readonly server: string; readonly fails: boolean };

/** A clock that also goes back, and ids that are used again. */
const asking = fc.record({
  id: fc.stringMatching(/^[a-z0-9]{1,2}$/),
  at: fc.integer({ min: epoch, max: epoch + 400_000_000 }),
});
const waysInAndOut = new Set(['server.join', 'server.leave', 'server.move', 'server.retire', 'group.set-servers']);
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
const progress = fc.record({ kind: fc.constant('progress' as const), server, fails: fc.boolean() });
const steps: fc.Arbitrary<Step[]> = fc
  .array(fc.oneof({ weight: 3, arbitrary: asks }, { weight: 3, arbitrary: progress }), { maxLength: 80, size: 'max' })
  .map((random) => [...opening, ...random]);

/** Most random walks would otherwise never leave the door. */
const opening: Step[] = ['s1', 's2', 's3'].map((id, index) => ({
  kind: 'ask',
  type: 'server.register',
  body: { server: id, address: { host: 'h', port: index + 1 } },
  asking: { id: `opening-${index}` },
}));

interface Live {
  readonly state: FleetState;
  readonly events: Event[];
}

function take({ state, events }: Live, step: Step): void {
  if (step.kind === 'ask') {
    const decision = ask(state, step.type, step.body, { ...step.asking, hash: JSON.stringify([step.type, step.body]) });
    if (decision.status === 'decided') events.push(decision.event);
    return;
  }
  const known = state.serverById.get(step.server as never);
  const proposal = known === undefined ? undefined : proposalFor(state, known, step.fails);
  if (proposal === undefined) return;
  const event = propose(state, proposal, { at: state.at, position: state.position + 1 });
  if (isRejection(event)) return;
  evolve(state, event);
  events.push(event);
}

function proposalFor(state: FleetState, { id, membership }: Server, fails: boolean): Proposal | undefined {
  if (membership.status === 'available') return undefined;
  const data = { server: id, group: membership.group };
  if (membership.status === 'draining') {
    const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
    return { type: 'server.left', data: { ...data, next: membership.next, evidence } };
  }
  const carried = state.groupById.get(membership.group);
  const covers = carried === undefined ? 0 : directivePosition(carried, membership);
  if (fails) return { type: 'server.sync-failed', data: { ...data, covers, failures: [] } };
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
  it('a server is in no group or in exactly one, and nothing points at what is gone', () => {
    always(fc.property(steps, (taken) => void run(taken, ({ state }) => expect(brokenBy(state)).toEqual([]))));
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

/** What must never be seen in a fleet, in words. */
function brokenBy(state: FleetState): string[] {
  const broken: string[] = [];
  const addresses = new Set<string>();
  for (const { id, membership, address } of state.serverById.values()) {
    const lists = [...state.groupById.values()].filter(({ servers: members }) => members.has(id)).map((one) => one.id);
    const expected = membership.status === 'available' ? [] : [membership.group];
    if (lists.join() !== expected.join()) broken.push(`${id} is in ${expected.join()}, listed in ${lists.join()}`);
    if (
      membership.status === 'draining' &&
      membership.next.to === 'group' &&
      !state.groupById.has(membership.next.group)
    ) {
      broken.push(`${id} is bound for a group that is gone`);
    }
    addresses.add(`${address.host}:${address.port}`);
  }
  if (addresses.size !== state.serverById.size) broken.push('two servers have one address');
  for (const { id, servers: members, deploymentByProject } of state.groupById.values()) {
    for (const one of members) if (!state.serverById.has(one)) broken.push(`${id} lists ${one}, which is gone`);
    for (const { project: name, version: carried } of deploymentByProject.values()) {
      const known = state.projectById.get(name);
      if (known === undefined || known.status === 'retired') broken.push(`${id} carries ${name}, retired`);
      if (known?.versionByName.get(carried)?.status === 'retired')
        broken.push(`${id} carries ${name}@${carried}, retired`);
    }
  }
  for (const { groups } of state.balancerById.values()) {
    if (groups !== 'all' && groups.some((one) => !state.groupById.has(one)))
      broken.push('a balancer names a group that is gone');
  }
  return broken;
}
