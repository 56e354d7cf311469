import { describe, expect, it } from 'vitest';
import { groupProposals, nextToLetGo } from '../../../src/rollout/group-plan.ts';
import { Fleet, held, production } from '../projections/given.ts';

const proposals = (fleet: Fleet) => groupProposals(fleet.state, production);
const succeeded = (version = '1') => ({
  type: 'deployment.succeeded',
  data: { group: production, ...held('orders', version) },
});

/** `orders@1` worked on `count` servers, all in the pool; then `orders@2` is asked for. */
function upgrading(count: number): Fleet {
  const fleet = new Fleet();
  const ids = Array.from({ length: count }, (_, index) => `s${index}`);
  for (const id of ids) fleet.register(id);
  for (const id of ids) fleet.join(id);
  const first = fleet.deploy('orders', '1');
  for (const id of ids) fleet.ready(id, first);
  fleet.succeed('orders', '1');
  fleet.deploy('orders', '2');
  return fleet;
}

describe('a deployment', () => {
  it('has succeeded once every server that should hold it has proved it, and is said so once', () => {
    const fleet = new Fleet();
    for (const id of ['a', 'b']) fleet.register(id);
    for (const id of ['a', 'b']) fleet.join(id);
    const deployedAt = fleet.deploy('orders', '1');
    fleet.ready('a', deployedAt);
    expect(proposals(fleet)).toEqual([]);
    fleet.ready('b', deployedAt);
    expect(proposals(fleet)).toEqual([succeeded()]);
    fleet.succeed('orders', '1');
    expect(proposals(fleet)).toEqual([]);
  });

  it('has not while one of them fails, whoever else holds it', () => {
    const fleet = upgrading(2);
    const deployedAt = fleet.state.position;
    fleet.ready('s0', deployedAt);
    fleet.fail('s1', deployedAt);
    expect(proposals(fleet)).toEqual([]);
  });

  it('does not hang on who is lost, leaves, is drained, or joined since', () => {
    const fleet = upgrading(5);
    const deployedAt = fleet.state.position;
    fleet.lose('s1');
    fleet.leave('s2');
    fleet.drain('s3');
    fleet.drained('s3');
    fleet.register('late');
    fleet.join('late');
    fleet.ready('s0', deployedAt);
    expect(proposals(fleet)).toEqual([]);
    fleet.ready('s4', deployedAt);
    expect(proposals(fleet)).toEqual([succeeded('2')]);
  });

  it('is opened to all where nobody is left to prove it, since joiners would else get the old one for ever', () => {
    const fleet = upgrading(1);
    fleet.lose('s0');
    expect(proposals(fleet)).toEqual([succeeded('2')]);
  });

  it('is not called a success by nobody in a group that never carried anything', () => {
    const fleet = new Fleet();
    fleet.deploy('orders', '1');
    expect(proposals(fleet)).toEqual([]);
  });
});

describe('a pool', () => {
  it('is held while a lost server stays in it, and released when none does, each said once', () => {
    const fleet = upgrading(2);
    fleet.lose('s0', { held: true });
    const [said] = proposals(fleet).filter(({ type }) => type === 'pool.held');
    expect(said).toEqual({ type: 'pool.held', data: { group: production } });
    fleet.tell('pool.held', { group: production, servers: ['s0' as never], size: 2, floor: 1 });
    expect(proposals(fleet)).toEqual([]);
    fleet.of('server.returned', 's0');
    expect(proposals(fleet)).toEqual([{ type: 'pool.released', data: { group: production } }]);
    fleet.tell('pool.released', { group: production });
    expect(proposals(fleet)).toEqual([]);
  });
});

describe('a server the floor holds', () => {
  it('is looked at again once enough others take traffic', () => {
    const fleet = upgrading(2);
    const letGo = () => nextToLetGo(fleet.state, fleet.state.groupById.get(production) as never, fleet.state.at);
    fleet.lose('s0');
    fleet.lose('s1', { held: true });
    expect(letGo()).toEqual([]);
    for (const id of ['n0', 'n1']) {
      fleet.register(id);
      fleet.ready(id, fleet.join(id));
    }
    expect(letGo()).toEqual(['s1']);
  });
});

describe('a large group', () => {
  it('costs one pass that ends at the first server that has yet to prove it', () => {
    const fleet = upgrading(2_000);
    const began = performance.now();
    for (let index = 0; index < 1_000; index += 1) groupProposals(fleet.state, production);
    // A full pass would visit two million members: seconds, where the first one answers.
    expect(performance.now() - began).toBeLessThan(250);
  });
});

describe('a group that is not there', () => {
  it('says nothing', () => {
    expect(groupProposals(new Fleet().state, 'nowhere' as never)).toEqual([]);
  });
});
