import { describe, expect, it } from 'vitest';
import { directivePosition } from '../../../src/domain/membership.ts';
import { desiredFor, groupDesired } from '../../../src/projections/desired.ts';
import { given } from '../../support/decider-spec.ts';
import {
  advanced,
  created,
  createdWith,
  joined,
  published,
  released,
  rolledBack,
  rolloutFailed,
  succeeded,
} from '../../support/fleet-facts.ts';
import { Probe, defaultRolloutPolicy } from '../../../schemas/rollout.ts';
import { type Spec, asksFor, edge, happens, inService, member, proves } from '../../support/rollout-spec.ts';

const probe = { path: '/orders/1', timeoutMs: 2_000 };
/** `version probe` of each project that the server shall hold. */
const probed = (spec: Spec, id: string) =>
  desiredFor(spec.state, id as never)?.projects.map((desired) => [desired.version, desired.probe]);

describe('what a deployment probes', () => {
  it('is told to whoever is told its version, and to nobody else', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2', { probe });
    expect(probed(spec, 's1')).toEqual([['1', undefined]]);
    happens(spec, advanced('edge', id, ['s1']));
    expect(probed(spec, 's1')).toEqual([['2', probe]]);
    expect(probed(spec, 's2')).toEqual([['1', undefined]]);
  });

  it('goes with the version: to who joins later, and away with it when it is rolled back', () => {
    const spec = inService('s1');
    const id = asksFor(spec, '2', { probe });
    happens(spec, advanced('edge', id, ['s1']));
    proves(spec, 's1');
    happens(spec, succeeded('edge', id), joined('spare', 'edge'));
    expect(probed(spec, 'spare')).toEqual([['2', probe]]);
    expect(groupDesired(spec.state, 'edge' as never)?.projects).toMatchObject([{ version: '2', probe }]);
    const next = asksFor(spec, '3', { probe: { path: '/other' } });
    happens(spec, advanced('edge', next, ['s1']));
    expect(probed(spec, 's1')).toEqual([['3', { path: '/other' }]]);
    happens(spec, rolloutFailed('edge', next), rolledBack('edge', next));
    expect(probed(spec, 's1')).toEqual([['2', probe]]);
  });

  it('makes another directive of the same version', () => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    happens(spec, advanced('edge', id, ['s1']));
    const again = asksFor(spec, '1', { probe });
    const before = directivePosition(edge(spec), member(spec, 's2'));
    happens(spec, advanced('edge', again, ['s2']));
    expect(probed(spec, 's2')).toEqual([['1', probe]]);
    expect(directivePosition(edge(spec), member(spec, 's2'))).toBeGreaterThan(before);
  });

  it('is of each project of a release by its name', () => {
    const spec = given(created('edge'), published('orders', '1'), published('users', '1'));
    const path = '/{project}/status';
    happens(spec, released('edge', { orders: '1', users: '1' }, { probe: { path } }));
    expect(groupDesired(spec.state, 'edge' as never)?.projects.map((desired) => desired.probe?.path)).toEqual([
      '/orders/status',
      '/users/status',
    ]);
  });

  it('is refused of several projects at one path, in the words of whoever asks for it, and kept as asked of one', () => {
    const rollout = { ...defaultRolloutPolicy, probe: { path: '/status' } };
    const several = { group: 'edge', projects: [project('orders'), project('users')] };
    const facts = [published('orders', '1'), published('users', '1')];
    const [plain, probing] = [given(created('edge'), ...facts), given(createdWith('edge', { rollout }), ...facts)];
    const asked = { rollout: { probe: rollout.probe } };
    const own = plain
      .when('release.request', { ...several, ...asked })
      .thenRejected('invalid', /^2 projects cannot be probed at the same path "\/status": write \{project\}/);
    expect([own.field, own.next]).toEqual(['rollout.probe.path', undefined]);
    const groups = probing
      .when('release.request', several)
      .thenRejected('invalid', /same path "\/status", which the policy of group "edge" says: write \{project\}/);
    expect([groups.field, groups.next]).toEqual([undefined, 'muster group configure edge --probe /{project}/status']);
    // Another part of the policy, named by the request, makes the group's probe no word of the request.
    const beside = probing
      .when('release.request', { ...several, rollout: { minHealthyMs: 0 } })
      .thenRejected('invalid');
    expect(beside.field).toBeUndefined();
    for (const [spec, more] of [
      [plain, asked],
      [probing, {}],
    ] as const) {
      spec
        .when('release.request', { group: 'edge', projects: [project('orders')], ...more })
        .thenHappened('release.requested', { rollout, supersedes: [] } as never);
    }
  });

  it.each(['orders', '/a b', '/a#b', '/caf\u00e9', '/a\u0000', '/a\u007f'])('has no path like %j', (path) => {
    expect(Probe.safeParse({ path }).success).toBe(false);
  });

  it('is taken back for one request by null', () => {
    const spec = given(createdWith('edge', { rollout: { ...defaultRolloutPolicy, probe } }), published('orders', '1'));
    spec
      .when('deployment.request', { group: 'edge', project: 'orders', version: '1', rollout: { probe: null } })
      .thenHappened('deployment.requested', { rollout: defaultRolloutPolicy } as never);
  });

  it.each([[{ path: 'orders' }], [{ path: '/a b' }], [{ path: '/a', timeoutMs: 1 }], [{ path: '/a', status: 200 }]])(
    'is refused as %j',
    (wrong) => {
      const spec = given(created('edge'), published('orders', '1'));
      spec
        .when('deployment.request', { group: 'edge', project: 'orders', version: '1', rollout: { probe: wrong } })
        .thenRejected('invalid');
    },
  );
});

function project(name: string) {
  return { project: name, version: '1' };
}
