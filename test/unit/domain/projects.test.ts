import { describe, expect, it } from 'vitest';
import { defaultRolloutPolicy } from '../../../schemas/rollout.ts';
import { append, fact, given } from '../../support/decider-spec.ts';
import { created, deployed, digestA, digestB, published } from '../../support/fleet-facts.ts';

const orders = { project: 'orders', version: '1', digest: digestA, bytes: 10 };

describe('publishing', () => {
  it('adds a version; the same bytes again change nothing, other bytes are refused', () => {
    const spec = given();
    spec.when('project.publish', orders).thenHappened('project.published', orders);
    spec.when('project.publish', orders).thenRejected('unchanged');
    spec.when('project.publish', { ...orders, digest: digestB }).thenRejected('version-exists', /immutable/);
    spec.when('project.publish', { ...orders, version: '2', digest: digestB }).thenHappened('project.published', {
      ...orders,
      version: '2',
      digest: digestB,
    });
  });

  it('is refused for a retired project, and warned of for a deprecated one', () => {
    given(published('orders', '1'), fact('project.retired', { project: 'orders' }))
      .when('project.publish', { ...orders, version: '2' })
      .thenRejected('project-retired');
    given(published('orders', '1'), fact('project.deprecated', { project: 'orders' }))
      .when('project.publish', { ...orders, version: '2' })
      .thenHappened('project.published', { ...orders, version: '2' }, ['project "orders" is deprecated']);
  });
});

describe('deprecating and retiring', () => {
  it('goes for a project or for one version, once', () => {
    const spec = given(published('orders', '1'));
    spec
      .when('project.deprecate', { project: 'orders', version: '1' })
      .thenHappened('project.deprecated', { project: 'orders', version: '1' });
    spec.when('project.deprecate', { project: 'orders', version: '1' }).thenRejected('unchanged');
    spec.when('project.deprecate', { project: 'orders' }).thenHappened('project.deprecated', { project: 'orders' });
    spec
      .when('project.retire', { project: 'orders', version: '1' })
      .thenHappened('project.retired', { project: 'orders', version: '1' });
    spec.when('project.retire', { project: 'orders', version: '1' }).thenRejected('unchanged', /version "1"/);
    spec.when('project.deprecate', { project: 'orders', version: '1' }).thenRejected('project-retired');
    spec.when('project.deprecate', { project: 'orders', version: '7' }).thenRejected('unknown-version');
    spec.when('project.retire', { project: 'ordres' }).thenRejected('unknown-project', /"orders"\?/);
  });

  it('does not retire what a group carries, and names the command to type', () => {
    const spec = given(
      created('edge'),
      published('orders', '1'),
      published('orders', '2'),
      deployed('orders', '1', 'edge'),
    );
    const next = 'muster undeploy orders edge';
    spec.when('project.retire', { project: 'orders' }).thenRejected('project-deployed', /"edge"/, next);
    spec.when('project.retire', { project: 'orders', version: '1' }).thenRejected('project-deployed', /"1"/, next);
    spec
      .when('project.retire', { project: 'orders', version: '2' })
      .thenHappened('project.retired', { project: 'orders', version: '2' });
  });
});

describe('deploying', () => {
  const facts = [created('edge'), published('orders', '1'), published('orders', '2')];
  const asked = { group: 'edge', project: 'orders', version: '1' };
  const plain = { rollout: defaultRolloutPolicy, supersedes: null };

  it('puts the version with its digest on the group, and a newer one in its place', () => {
    const spec = given(...facts);
    spec
      .when('deployment.request', asked)
      .thenHappened('deployment.requested', { ...asked, digest: digestA, bytes: 10, ...plain });
    spec.when('deployment.request', asked).thenRejected('unchanged');
    spec.when('deployment.request', { ...asked, version: '2' });
    expect([...(spec.state.groupById.get('edge' as never)?.deploymentByProject.values() ?? [])]).toMatchObject([
      { project: 'orders', version: '2', changedAt: spec.state.position },
    ]);
  });

  it('refuses what is not there', () => {
    const spec = given(...facts);
    spec.when('deployment.request', { ...asked, group: 'nowhere' }).thenRejected('unknown-group');
    spec.when('deployment.request', { ...asked, project: 'nothing' }).thenRejected('unknown-project');
    spec.when('deployment.request', { ...asked, version: '9.9' }).thenRejected('unknown-version');
    spec
      .when('deployment.withdraw', { group: 'edge', project: 'orders' })
      .thenRejected('unknown-deployment', /carries nothing/);
  });

  it('refuses what is retired, and takes what is deprecated with a warning', () => {
    const spec = given(...facts, fact('project.retired', { project: 'orders', version: '1' }));
    spec.when('deployment.request', asked).thenRejected('project-retired', /version "1"/);
    append(spec.state, fact('project.deprecated', { project: 'orders', version: '2' }));
    spec
      .when('deployment.request', { ...asked, version: '2' })
      .thenHappened('deployment.requested', { ...asked, version: '2', digest: digestA, bytes: 10, ...plain }, [
        'version "2" of project "orders" is deprecated',
      ]);
    append(spec.state, fact('project.retired', { project: 'orders' }));
    spec.when('deployment.request', asked).thenRejected('project-retired', /project "orders"/);
  });

  it('withdraws, after which the project can be retired', () => {
    const spec = given(...facts, deployed('orders', '1', 'edge'));
    spec
      .when('deployment.withdraw', { group: 'Edge', project: 'orders' })
      .thenHappened('deployment.withdrawn', { group: 'edge', project: 'orders' }, [
        'the rollout of it, under way since position 5, ends',
      ]);
    spec.when('project.retire', { project: 'orders' }).thenHappened('project.retired', { project: 'orders' });
  });
});

describe('balancers', () => {
  const lb = { balancer: 'lb', kind: 'haproxy' };
  it('register with all groups or some, sorted, and again with others', () => {
    const spec = given();
    spec
      .when('balancer.register', { ...lb, groups: ['Production', 'development', 'PRODUCTION'] })
      .thenHappened('balancer.registered', { ...lb, groups: ['development', 'production'] });
    spec.when('balancer.register', { ...lb, groups: ['production', 'development'] }).thenRejected('unchanged');
    spec
      .when('balancer.register', { ...lb, groups: 'all' })
      .thenHappened('balancer.registered', { ...lb, groups: 'all' });
    spec.when('balancer.register', { ...lb, groups: ['nowhere'] }).thenRejected('unknown-group');
    spec.when('balancer.retire', { balancer: 'lb' }).thenHappened('balancer.retired', { balancer: 'lb' });
    spec.when('balancer.retire', { balancer: 'lb' }).thenRejected('unknown-balancer');
  });
});
