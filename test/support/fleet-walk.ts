/** A fleet walked through anything: what may be asked and what may happen, at random, and how a step is taken. */
import fc from 'fast-check';
import type { Event } from '../../schemas/events.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { directivePosition } from '../../src/domain/membership.ts';
import { type Proposal, isRejection, propose } from '../../src/domain/propose.ts';
import type { FleetState, Server } from '../../src/domain/state.ts';
import { type Asking, append, ask, epoch, founded } from './decider-spec.ts';
import { digestA, digestB } from './fleet-facts.ts';
import { isRolloutWay, rolloutProposal, rolloutWays } from './rollout-ways.ts';

const server = fc.constantFrom('s1', 's2', 's3', 's4');
const group = fc.oneof(
  { weight: 3, arbitrary: fc.constant('Production') },
  { weight: 1, arbitrary: fc.constantFrom('development', 'edge', 'Core') },
);
const project = fc.constantFrom('orders', 'users');
const version = fc.constantFrom('1', '2');
const port = fc.integer({ min: 1, max: 5 });
const servers = fc.uniqueArray(server);
const rollout = fc.record(
  {
    strategy: fc.constantFrom(
      { kind: 'all-at-once' },
      { kind: 'canary', steps: [{ servers: 1, pause: true }], batch: 1 },
      { kind: 'blue-green', standby: 1, keepMs: 1000 },
    ),
    change: fc.constantFrom('hot', 'drain-first'),
    autoRollback: fc.boolean(),
    failuresAllowed: fc.constantFrom(0, 1),
  },
  { requiredKeys: [] },
);

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
  'deployment.request': fc.record({ group, project, version, rollout }),
  'deployment.rollback': fc.record({ group, project }),
  'release.request': fc.record({
    group,
    projects: fc.uniqueArray(fc.record({ project, version }), {
      minLength: 1,
      selector: (one) => one.project,
    }),
    rollout,
  }),
  'rollout.pause': fc.record({ group, project }),
  'rollout.resume': fc.record({ group, project }),
  'rollout.promote': fc.record({ group, project, all: fc.boolean() }),
  'rollout.abort': fc.record({ group, project }),
  'rollout.retry': fc.record({ group, project }),
  'deployment.withdraw': fc.record({ group, project }),
  'balancer.register': fc.record({
    balancer: fc.constant('lb'),
    kind: fc.constant('haproxy'),
    groups: fc.oneof(fc.constant('all'), fc.array(group, { minLength: 1 })),
  }),
};

export type Step =
  | { readonly kind: 'ask'; readonly type: string; readonly body: unknown; readonly asking: Asking }
  /** The world goes on for this server: whatever of this fits it is proposed. */
  | { readonly kind: 'progress'; readonly server: string; readonly how: How; readonly afterMs: number };

const ways = ['goes on', 'fails', 'gives up', 'is lost', 'is back', 'is held or not', ...rolloutWays] as const;
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
  'release.request',
  'rollout.abort',
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
const how = fc.oneof(
  { weight: 6, arbitrary: fc.constant('goes on' as const) },
  { weight: 3, arbitrary: fc.constantFrom(...rolloutWays) },
  { weight: 3, arbitrary: fc.constantFrom(...ways) },
);
const afterMs = fc.constantFrom(0, 0, 1000, 90_000_000);
const progress = fc.record({ kind: fc.constant('progress' as const), server, how, afterMs });
export const steps: fc.Arbitrary<Step[]> = fc
  .array(fc.oneof({ weight: 2, arbitrary: asks }, { weight: 3, arbitrary: progress }), { maxLength: 80, size: 'max' })
  .map((random) => [...opening, ...random]);

const opens = (type: string, body: unknown): Step => ({
  kind: 'ask',
  type,
  body,
  asking: { id: `opening-${JSON.stringify(body).replace(/[^a-z0-9]+/gi, '-')}`.slice(0, 64) },
});
/** Without an id of its own, so that it is never a repeat. */
const asksAnew = (type: string, body: unknown): Step => ({ kind: 'ask', type, body, asking: {} });
/** In the thick of it: one version holds on three servers, and another is asked for under some policy. */
const rolling = fc
  .record({ rollout, project: fc.constant('orders'), version: fc.constant('2'), group: fc.constant('Production') })
  .map((body) => opens('deployment.request', body));
const rolloutAsks = fc
  .constantFrom('rollout.pause', 'rollout.resume', 'rollout.promote', 'rollout.abort', 'rollout.retry')
  .map((type) => asksAnew(type, { group: 'Production', project: 'orders' }));
const memberAsks = fc
  .tuple(fc.constantFrom('server.cordon', 'server.drain', 'server.uncordon', 'server.leave', 'server.join'), server)
  .map(([type, id]) => asksAnew(type, { server: id, ...(type === 'server.join' ? { group: 'Production' } : {}) }));
const rolls = fc.record({
  kind: fc.constant('progress' as const),
  server,
  how: fc.oneof(
    { weight: 8, arbitrary: fc.constant('goes on' as const) },
    { weight: 6, arbitrary: fc.constantFrom('is told' as const, 'is switched' as const, 'comes back' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...ways) },
  ),
  afterMs: fc.constantFrom(0, 1000),
});
export const rolloutSteps: fc.Arbitrary<Step[]> = fc
  .tuple(
    rolling,
    fc.array(
      fc.oneof(
        { weight: 12, arbitrary: rolls },
        { weight: 1, arbitrary: fc.oneof(rolloutAsks, memberAsks) },
        { weight: 1, arbitrary: asks },
      ),
      { maxLength: 80, size: 'max' },
    ),
  )
  .map(([first, random]) => [...opening, first, ...random]);

/** Most random walks would otherwise never leave the door: three servers, two versions, one of them in use. */
const opening: Step[] = [
  ...['1', '2'].map((one) => opens('project.publish', { project: 'orders', version: one, digest: digestA, bytes: 1 })),
  opens('deployment.request', { group: 'Production', project: 'orders', version: '1' }),
  ...['s1', 's2', 's3'].flatMap((id, index): Step[] => [
    opens('server.register', { server: id, address: { host: 'h', port: index + 1 } }),
    opens('server.join', { server: id, group: 'Production' }),
    { kind: 'progress', server: id, how: 'goes on', afterMs: 0 },
  ]),
  { kind: 'progress', server: 's1', how: 'rollout ends', afterMs: 0 },
];

export interface Live {
  readonly state: FleetState;
  readonly events: Event[];
}

export function take({ state, events }: Live, step: Step): void {
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

export function proposalFor(state: FleetState, { id, member }: Server, way: How): Proposal | undefined {
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
  if (isRolloutWay(way)) return carried === undefined ? undefined : rolloutProposal(state, { group: carried, id, way });
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

export function begin(): Live {
  const state = emptyState();
  return { state, events: [append(state, founded)] };
}

export function run(taken: readonly Step[], each: (live: Live) => void = () => undefined): Live {
  const live = begin();
  for (const step of taken) {
    take(live, step);
    each(live);
  }
  return live;
}
