import { describe, expect, it } from 'vitest';
import { groupProposals, nextToLetGo } from '../../../src/rollout/group-plan.ts';
import { Fleet, production } from '../projections/given.ts';

const proposals = (fleet: Fleet) => groupProposals(fleet.state, production);

/** `count` servers, all in the pool. */
function serving(count: number): Fleet {
  const fleet = new Fleet();
  const ids = Array.from({ length: count }, (_, index) => `s${index}`);
  for (const id of ids) fleet.register(id);
  for (const id of ids) fleet.join(id);
  for (const id of ids) fleet.ready(id, fleet.state.position);
  return fleet;
}

describe('a pool', () => {
  it('is held while a lost server stays in it, and released when none does, each said once', () => {
    const fleet = serving(2);
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
    const fleet = serving(2);
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

describe('a group that is not there', () => {
  it('says nothing', () => {
    expect(groupProposals(new Fleet().state, 'nowhere' as never)).toEqual([]);
  });
});
