/** The fold refuses nothing: what is in the log happened, whoever wrote it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultRolloutPolicy } from '../../../schemas/rollout.ts';
import type { Fact } from '../../../src/domain/ruling.ts';
import { founded, stateOf } from '../../support/decider-spec.ts';
import { staleIn } from '../../support/fleet-invariants.ts';

const server = fc.constantFrom('s1', 's2', 's3', 's4');
const project = fc.constantFrom('orders', 'users');
const version = fc.constantFrom('1', '2');
const oddGroup = fc.constantFrom('production', 'development', 'nowhere');
const position = fc.integer({ min: 0, max: 20 });
const evidence = fc.constant({});
const drainTimeoutMs = fc.constant(1000);
const next = fc.oneof(
  fc.constantFrom({ to: 'available' }, { to: 'retired' }),
  fc.record({ to: fc.constant('group'), group: oddGroup }),
);
const ofMember = { server, group: oddGroup };
const servers = fc.array(server);
const ofRollout = { group: oddGroup, rollout: position };
const policy = fc.constantFrom(
  defaultRolloutPolicy,
  { ...defaultRolloutPolicy, change: 'drain-first' },
  { ...defaultRolloutPolicy, strategy: { kind: 'blue-green', standby: 1, keepMs: 0 } },
);
const dataByType = {
  'server.registered': server.map((id) => ({ server: id, address: { host: id, port: 1 }, labels: {} })),
  'server.retired': fc.record({ server }),
  'server.joined': fc.record(ofMember),
  'server.leaving': fc.record({ ...ofMember, drainTimeoutMs }),
  'server.retiring': fc.record({ ...ofMember, drainTimeoutMs }),
  'server.moving': fc.record({ ...ofMember, from: oddGroup, drainTimeoutMs }),
  'server.ready': fc.record({ ...ofMember, covers: position, evidence }),
  'server.sync-failed': fc.record({ ...ofMember, covers: position, failures: fc.constant([]), final: fc.boolean() }),
  'server.left': fc.record({ ...ofMember, next, evidence }),
  'server.cordoned': fc.record(ofMember),
  'server.draining': fc.record({ ...ofMember, drainTimeoutMs, until: fc.constantFrom('uncordoned', 'registered') }),
  'server.drained': fc.record({ ...ofMember, evidence }),
  'server.uncordoned': fc.record(ofMember),
  'server.retried': fc.record(ofMember),
  'server.replacing': fc.record({ ...ofMember, by: server }),
  'server.replaced': fc.record({ ...ofMember, by: server, drainTimeoutMs }),
  'server.lost': fc.record({ ...ofMember, cause: fc.constant('silent'), held: fc.boolean(), evidence }),
  'server.returned': fc.record(ofMember),
  'pool.held': fc.record({ group: oddGroup, servers: fc.constant([]), size: position, floor: position }),
  'pool.released': fc.record({ group: oddGroup }),
  'deployment.requested': fc.record({ group: oddGroup, project, version, rollout: policy }),
  'release.requested': fc.record({
    group: oddGroup,
    projects: fc.array(fc.record({ project, version })),
    rollout: policy,
  }),
  'rollout.advanced': fc.record({ ...ofRollout, target: position, step: position, servers }),
  'rollout.paused': fc.record({ ...ofRollout, by: fc.constantFrom('step', 'operator') }),
  'rollout.resumed': fc.record(ofRollout),
  'rollout.promoted': fc.record({ ...ofRollout, all: fc.boolean() }),
  'rollout.aborted': fc.record(ofRollout),
  'rollout.retried': fc.record(ofRollout),
  'rollout.switched': fc.record({ ...ofRollout, to: servers, from: servers }),
  'rollout.failed': fc.record({ ...ofRollout, reason: fc.constant('why'), next: fc.constantFrom('roll-back', 'halt') }),
  'rollout.rolled-back': fc.record({ ...ofRollout, evidence }),
  'rollout.succeeded': fc.record({ ...ofRollout, evidence }),
  'deployment.withdrawn': fc.record({ group: oddGroup, project }),
  'balancer.lost': fc.record({ balancer: fc.constant('lb'), evidence }),
  'balancer.returned': fc.record({ balancer: fc.constant('lb') }),
};
/** What no decider would have written, and a log may hold all the same. */
const oddFact = fc.oneof(
  ...Object.entries(dataByType).map(([type, data]) =>
    (data as fc.Arbitrary<unknown>).map((told) => ({ type, data: told }) as unknown as Fact),
  ),
);

describe('a log of anything', () => {
  it('folds anything, fitting or not, and keeps what is kept beside servers exact', () => {
    fc.assert(
      fc.property(fc.array(oddFact, { maxLength: 80, size: 'max' }), (facts) => {
        const state = stateOf(founded, ...facts);
        expect(staleIn(state)).toEqual([]);
        expect(state.position).toBe(facts.length + 1);
      }),
      { numRuns: 300 },
    );
  });
});
