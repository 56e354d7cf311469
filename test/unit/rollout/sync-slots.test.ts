import { describe, expect, it } from 'vitest';
import { maySync, nextToSync } from '../../../src/rollout/sync-slots.ts';
import type { Group, Server } from '../../../src/domain/state.ts';
import { Fleet, production, serverId } from '../projections/given.ts';

function stormOf(count: number, syncsMax: number): Fleet {
  const fleet = new Fleet();
  const policy = { ...(fleet.state.groupById.get(production) as Group).policy, syncsMax };
  fleet.tell('group.configured', { group: production, policy });
  for (let index = 0; index < count; index += 1) fleet.register(`s${index}`);
  for (let index = 0; index < count; index += 1) fleet.join(`s${index}`);
  return fleet;
}
const server = (fleet: Fleet, id: string) => fleet.state.serverById.get(serverId(id)) as Server;
const next = (fleet: Fleet) => nextToSync(fleet.state, fleet.state.groupById.get(production) as Group);
const allowed = (fleet: Fleet) =>
  [...fleet.state.serverById.values()].filter((each) => maySync(fleet.state, each)).map(({ id }) => id);

describe('of many servers that join at once', () => {
  it('so many sync at a time, in the order they came', () => {
    const fleet = stormOf(5, 2);
    expect(allowed(fleet)).toEqual(['s0', 's1']);
    expect(next(fleet)).toEqual(['s0', 's1']);
  });

  it('the next has its turn when one is in, has given up, is lost or has left', () => {
    const fleet = stormOf(6, 2);
    fleet.ready('s1', fleet.state.position);
    expect(next(fleet)).toEqual(['s0', 's2']);
    fleet.fail('s0', fleet.state.position);
    expect(next(fleet)).toEqual(['s2', 's3']);
    fleet.lose('s2');
    fleet.leave('s3');
    expect(next(fleet)).toEqual(['s4', 's5']);
  });

  it('one that tries again keeps its place, and is not looked at for a slot', () => {
    const fleet = stormOf(3, 2);
    fleet.fail('s0', fleet.state.position, { final: false });
    expect(maySync(fleet.state, server(fleet, 's2'))).toBe(false);
    expect(next(fleet)).toEqual(['s1']);
  });
});

describe('no slot is needed', () => {
  it('in no group, in the pool, or kept out of it', () => {
    const fleet = stormOf(4, 1);
    fleet.register('spare');
    fleet.of('server.cordoned', 's3');
    fleet.ready('s2', fleet.state.position);
    expect(['spare', 's2', 's3', 's1'].map((id) => maySync(fleet.state, server(fleet, id)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
