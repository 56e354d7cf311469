import { describe, expect, it } from 'vitest';
import { FleetFile } from '../../../schemas/fleet-file.ts';
import type { Digest, Principal, ProjectId } from '../../../schemas/ids.ts';
import { type FleetPlan, type PackedProject, planOf } from '../../../src/fleet-file/plan.ts';
import { changedSince } from '../../../src/fleet-file/reads.ts';
import { forecast } from '../../../src/forecast/forecast.ts';
import { append, ask, epoch, fact } from '../../support/decider-spec.ts';
import { published } from '../../support/fleet-facts.ts';
import { inService, type Spec } from '../../support/rollout-spec.ts';

interface Asked {
  readonly prune?: boolean;
  readonly packed?: Readonly<Record<string, PackedProject>>;
}

function plan({ state }: Spec, file: object, { prune = false, packed = {} }: Asked = {}): FleetPlan {
  const packedByProject = new Map(Object.entries(packed) as [ProjectId, PackedProject][]);
  return planOf(state, { file: FleetFile.parse(file), packedByProject, prune });
}
const typesOf = ({ changes }: FleetPlan) => changes.map(({ command }) => command.type);

describe('a plan', () => {
  it('is empty where the fleet is what the file declares', () => {
    const file = { groups: { edge: { servers: ['s1', 's2'], deployments: { orders: '1' } } } };
    expect(plan(inService('s1', 's2'), file).changes).toEqual([]);
  });

  it('publishes, shapes groups, sets members, and deploys, in this order', () => {
    const spec = inService('s1');
    const file = {
      projects: { fresh: { version: '1', folder: './fresh' } },
      groups: {
        edge: { policy: { leaseMs: 9_000 }, servers: ['s1', 'spare'], deployments: { orders: '2' } },
        Core: { deployments: { fresh: '1' } },
      },
    };
    const made = plan(spec, file, { packed: { fresh: { digest: 'f'.repeat(64) as Digest, bytes: 9 } } });
    expect(typesOf(made)).toEqual([
      'project.publish',
      'group.configure',
      'group.create',
      'group.set-servers',
      'deployment.request',
      'deployment.request',
    ]);
    expect(made.changes[1]?.text).toBe('group edge: leaseMs 6000 -> 9000');
    const commands = made.changes.map(({ command }) => ({ type: command.type, body: command.payload }));
    const told = forecast(spec.state, { commands, principal: 'alice' as Principal, now: epoch });
    expect(told.decisions.map(({ status }) => status)).not.toContain('rejected');
  });

  it('finds servers by their labels, and moves those that are elsewhere', () => {
    const spec = inService('s1', 's2');
    for (const server of ['s2', 'spare']) {
      expect(ask(spec.state, 'server.configure', { server, labels: { zone: 'a' } }).status).toBe('decided');
    }
    append(spec.state, fact('group.created', { group: 'core', name: 'Core', policy: edgePolicy(spec) }));
    const made = plan(spec, { groups: { Core: { servers: { labels: { zone: 'a' } } } } });
    expect(made.changes.map(({ command: { type, payload } }) => ({ type, payload }))).toEqual([
      { type: 'group.set-servers', payload: { group: 'Core', add: ['spare'] } },
      { type: 'server.move', payload: { server: 's2', group: 'Core' } },
    ]);
  });

  it('takes nothing away without being told to, and says what it keeps', () => {
    const file = { groups: { edge: { servers: ['s1'], deployments: {} } } };
    const spec = inService('s1', 's2');
    const made = plan(spec, file);
    expect(made.changes).toEqual([]);
    expect(made.kept).toEqual([
      'server s2 in edge',
      'deployment orders on edge',
      'group Production',
      'group Development',
    ]);
    expect(typesOf(plan(spec, file, { prune: true }))).toEqual([
      'group.set-servers',
      'deployment.withdraw',
      'group.delete',
      'group.delete',
    ]);
  });

  it('publishes no version that is there with the same bytes', () => {
    const spec = inService('s1');
    const digest = spec.state.projectById.get('orders' as ProjectId)?.versionByName.get('2' as never)?.digest as Digest;
    const file = { projects: { orders: { version: '2', folder: '.' } }, groups: {} };
    expect(plan(spec, file, { packed: { orders: { digest, bytes: 1 } } }).changes).toEqual([]);
    const other = { orders: { digest: '0'.repeat(64) as Digest, bytes: 1 } };
    expect(typesOf(plan(spec, file, { packed: other }))).toEqual(['project.publish']);
  });
});

describe('what a plan has looked at', () => {
  const file = { groups: { edge: { servers: { labels: { zone: 'a' } }, deployments: { orders: '2' } } } };

  it('holds while only what it did not look at changes', () => {
    const spec = inService('s1');
    const { reads } = plan(spec, file);
    append(spec.state, published('users', '7'));
    expect(changedSince(reads, plan(spec, file).reads)).toEqual([]);
  });

  it('no longer holds once somebody deploys what it deploys', () => {
    const spec = inService('s1');
    const { reads } = plan(spec, file);
    ask(spec.state, 'deployment.request', { group: 'edge', project: 'orders', version: '3' });
    const { position } = spec.state;
    expect(changedSince(reads, plan(spec, file).reads)).toMatchObject([
      { what: 'deployment orders on edge', now: position },
    ]);
  });

  it('no longer holds once a server bears the labels that it selects by', () => {
    const spec = inService('s1');
    const { reads } = plan(spec, file);
    ask(spec.state, 'server.configure', { server: 'spare', labels: { zone: 'a' } });
    expect(changedSince(reads, plan(spec, file).reads).map(({ what }) => what)).toEqual(['server spare']);
  });
});

function edgePolicy({ state }: Spec) {
  const policy = state.groupById.get('edge' as never)?.policy;
  if (policy === undefined) throw new Error('the group edge is there');
  return policy;
}
