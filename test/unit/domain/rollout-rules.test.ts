import { describe, expect, it } from 'vitest';
import { defaultRolloutPolicy } from '../../../schemas/rollout.ts';
import {
  aborted,
  advanced,
  digestA,
  paused,
  published,
  released,
  rolloutFailed,
  succeeded,
} from '../../support/fleet-facts.ts';
import { asksFor, blueGreen, drains, edge, happens, inService, proves } from '../../support/rollout-spec.ts';

const orders = { group: 'edge', project: 'orders' };
const release = (project: string, version: string) => ({ project, version, digest: digestA, bytes: 10 });

describe('asking for a version', () => {
  it('freezes the group’s policy with the request’s own parts over it', () => {
    const rollout = { strategy: { kind: 'rolling', batch: 1 }, failuresAllowed: 3 } as const;
    inService('s1')
      .when('deployment.request', { ...orders, version: '2', rollout })
      .thenHappened('deployment.requested', {
        ...orders,
        ...release('orders', '2'),
        rollout: { ...defaultRolloutPolicy, ...rollout },
        supersedes: null,
      } as never);
  });

  it('supersedes what is under way, and says so of everything that goes back with it', () => {
    const spec = inService('s1');
    const id = happens(spec, released('edge', { orders: '2', users: '1' })).state.position;
    spec
      .when('deployment.request', { ...orders, version: '3' })
      .thenHappened(
        'deployment.requested',
        { ...orders, ...release('orders', '3'), rollout: defaultRolloutPolicy, supersedes: id },
        [
          `supersedes the rollout of orders 2, users 1, under way since position ${id} (running)`,
          'project "users" was part of it: the group carries it no more',
        ],
      );
  });

  it('is refused while that very version is being rolled out, and begins anew when it is on its way back', () => {
    const spec = inService('s1');
    const id = asksFor(spec, '2');
    const asked = { ...orders, version: '2' };
    spec.when('deployment.request', asked).thenRejected('unchanged', /its rollout is running/);
    happens(spec, rolloutFailed('edge', id, 'halt'));
    spec.when('deployment.request', asked).thenRejected('unchanged', /halted/, 'muster rollout retry orders edge');
    happens(spec, aborted('edge', id));
    spec.when('deployment.request', asked);
    expect([...edge(spec).rolloutById.keys()]).toEqual([spec.state.position]);
  });
});

describe('asking for a release', () => {
  const asked = (...projects: readonly (readonly [string, string])[]) => ({
    group: 'edge',
    projects: projects.map(([project, version]) => ({ project, version })),
  });

  it('is one rollout of several, in order, without what is there already', () => {
    const spec = inService('s1');
    spec
      .when('release.request', asked(['users', '1'], ['orders', '1']))
      .thenHappened(
        'release.requested',
        { group: 'edge', projects: [release('users', '1')], rollout: defaultRolloutPolicy, supersedes: [] },
        ['group "edge" carries version "1" of project "orders" already'],
      );
    const id = spec.state.position;
    const state = spec.when('release.request', asked(['orders', '2'], ['users', '1'])).state;
    expect(edge(spec).rolloutById.get(state.position)?.targets).toMatchObject([
      { project: 'orders', from: { version: '1' }, to: { version: '2' } },
      { project: 'users', from: null, to: { version: '1' } },
    ]);
    expect(edge(spec).pastRollouts.at(-1)?.id).toBe(id);
  });

  it('is refused for what is named twice, not there, or there already', () => {
    const spec = inService('s1');
    spec.when('release.request', asked(['users', '1'], ['users', '1'])).thenRejected('invalid', /named twice/);
    spec.when('release.request', asked(['users', '1'], ['nothing', '1'])).thenRejected('unknown-project');
    spec.when('release.request', asked(['users', '9'])).thenRejected('unknown-version');
    spec.when('release.request', asked(['orders', '1'])).thenRejected('unchanged');
    spec.when('release.request', { ...asked(['orders', '2']), group: 'nowhere' }).thenRejected('unknown-group');
  });
});

describe('going back to a version', () => {
  it('takes the last one that succeeded, or the one named', () => {
    const spec = inService('s1');
    for (const version of ['2', '3']) happens(spec, succeeded('edge', asksFor(spec, version)));
    const back = (body: object) => spec.when('deployment.rollback', { ...orders, ...body });
    back({ version: '9' }).thenRejected('unknown-version', /there is 2, 1$/);
    back({ version: '3' }).thenRejected('unchanged');
    back({ version: '1' });
    expect(edge(spec).deploymentByProject.get('orders' as never)?.version).toBe('1');
    back({});
    expect(edge(spec).deploymentByProject.get('orders' as never)?.version).toBe('3');
  });

  it('is refused where nothing else ever succeeded, or the project is not there', () => {
    const spec = inService('s1');
    spec.when('deployment.rollback', orders).thenRejected('unknown-version', /there is none/);
    spec.when('deployment.rollback', { ...orders, project: 'users' }).thenRejected('unknown-deployment');
    spec.when('deployment.rollback', { ...orders, group: 'nowhere' }).thenRejected('unknown-group');
  });

  it('passes over what has been retired since', () => {
    const spec = inService('s1');
    happens(spec, succeeded('edge', asksFor(spec, '2')), succeeded('edge', asksFor(spec, '3')));
    spec.when('project.retire', { project: 'orders', version: '2' });
    spec.when('deployment.rollback', orders);
    expect(edge(spec).deploymentByProject.get('orders' as never)?.version).toBe('1');
  });
});

describe('a person’s word about a rollout', () => {
  const verbs = ['pause', 'resume', 'promote', 'abort', 'retry'] as const;
  const begin = {
    running: [],
    paused: [paused],
    halted: [(g: string, id: number) => rolloutFailed(g, id, 'halt')],
    'rolling-back': [aborted],
  };
  const accepted = { pause: 'paused', resume: 'resumed', promote: 'promoted', abort: 'aborted', retry: 'retried' };
  const legal: Record<keyof typeof begin, Record<(typeof verbs)[number], boolean | string>> = {
    running: { pause: true, resume: 'unchanged', promote: true, abort: true, retry: 'unchanged' },
    paused: { pause: 'unchanged', resume: true, promote: true, abort: true, retry: 'unchanged' },
    halted: { pause: 'invalid', resume: 'invalid', promote: 'invalid', abort: true, retry: true },
    'rolling-back': { pause: 'invalid', resume: 'invalid', promote: 'invalid', abort: 'unchanged', retry: 'invalid' },
  };
  const cases = (Object.keys(begin) as (keyof typeof begin)[]).flatMap((status) =>
    verbs.map((verb) => [verb, status, legal[status][verb]] as const),
  );

  it.each(cases)('%s while it is %s: %s', (verb, status, outcome) => {
    const spec = inService('s1', 's2');
    const id = asksFor(spec, '2');
    for (const event of begin[status]) happens(spec, event('edge', id));
    const asked = spec.when(`rollout.${verb}`, orders);
    if (outcome === true)
      asked.thenHappened(`rollout.${accepted[verb]}` as never, { group: 'edge', rollout: id } as never);
    else
      asked.thenRejected(
        outcome as never,
        new RegExp(`orders 2.*${status === 'rolling-back' ? 'rolling' : status}|need not`),
      );
  });

  it('promotes all that is left, once', () => {
    const spec = inService('s1');
    const rollout = asksFor(spec, '2');
    const all = { ...orders, all: true };
    spec.when('rollout.promote', all).thenHappened('rollout.promoted', { group: 'edge', rollout, all: true });
    spec.when('rollout.promote', all).thenRejected('unchanged');
    spec.when('rollout.promote', orders).thenRejected('unchanged');
  });

  it.each(verbs)('%s is refused where none is under way, with what is there', (verb) => {
    const spec = inService('s1');
    spec.when(`rollout.${verb}`, orders).thenRejected('unknown-rollout', /under way: none$/, 'muster group get edge');
    asksFor(spec, '2');
    spec
      .when(`rollout.${verb}`, { ...orders, project: 'users' })
      .thenRejected('unknown-rollout', /orders 2 \(running\)/);
    spec.when(`rollout.${verb}`, { ...orders, group: 'nowhere' }).thenRejected('unknown-group');
  });

  it('holds only if the deployment has not changed, where it says so', () => {
    const spec = inService('s1');
    const id = asksFor(spec, '2');
    spec.when('rollout.abort', { ...orders, ifPosition: id - 1 }).thenRejected('conflict');
    spec
      .when('rollout.abort', { ...orders, ifPosition: id })
      .thenHappened('rollout.aborted', { group: 'edge', rollout: id });
  });
});

describe('beside a rollout', () => {
  it('withdraws with a warning, and ends it', () => {
    const spec = inService('s1');
    const id = happens(spec, published('users', '2'), released('edge', { orders: '2', users: '1' })).state.position;
    spec
      .when('deployment.withdraw', { ...orders, project: 'users' })
      .thenHappened('deployment.withdrawn', { ...orders, project: 'users' }, [
        `the rollout of it, under way since position ${id}, ends`,
        'project "orders" was part of it and goes back to version "1"',
      ]);
    expect(edge(spec).pastRollouts.at(-1)).toMatchObject({ id, status: 'withdrawn' });
    expect(edge(spec).deploymentByProject.get('orders' as never)).toMatchObject({ version: '1', rollout: null });
  });

  it('does not retire the version there is to go back to', () => {
    const spec = inService('s1');
    asksFor(spec, '2');
    spec.when('project.retire', { project: 'orders', version: '1' }).thenRejected('project-deployed', /to go back to/);
  });

  it('leaves who stands by where it is', () => {
    const spec = inService('s1', 's2');
    happens(spec, advanced('edge', asksFor(spec, '2', blueGreen), ['s1']));
    drains(spec, 's1');
    proves(spec, 's1');
    spec.when('server.uncordon', { server: 's1' }).thenRejected('unchanged', /stands by/);
  });
});
