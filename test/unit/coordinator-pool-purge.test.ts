/** What is removed from POOLS once every balancer has passed it, while a pool goes on changing. */
import { describe, expect, it } from 'vitest';
import type { FleetId, GroupName } from '../../schemas/ids.ts';
import { defaultGroupPolicy } from '../../schemas/policy.ts';
import { subjects } from '../../schemas/subjects.ts';
import { PoolPublisher } from '../../src/coordinator/pool-publisher.ts';
import { leadersTerm as term, poolValues } from '../support/pool-values.ts';
import { FakeBus, ManualClock } from './client/fake-bus.ts';
import { Fleet, production, serverId } from './projections/given.ts';

const name = 'main' as FleetId;
const entry = (id: string) => subjects.poolEntry(name, production, serverId(id));
const revision = subjects.poolRevision(name, production);

/** Servers `a` and `b` were in the pool and have left, and the one balancer knows. The first purge waits to be released. */
async function bothGone() {
  const [fleet, bus] = [new Fleet(), new FakeBus()];
  const purged: string[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const purge = async ({ filter }: { filter: string }) => {
    purged.push(filter);
    if (purged.length === 1) await held;
  };
  const pools = poolValues({ bus: { ...bus.asBus(), purge } as never, stream: 'POOLS', clock: new ManualClock() });
  const { state, observed } = fleet;
  const publisher = new PoolPublisher({ fleet: name, group: production, state, observed, pools, term });
  const enter = (id: string) => fleet.ready(id, fleet.join(id));
  fleet.balancer();
  for (const id of ['a', 'b']) {
    fleet.register(id);
    enter(id);
  }
  await publisher.publish();
  for (const id of ['a', 'b']) {
    fleet.leave(id);
    fleet.left(id);
  }
  await publisher.publish();
  fleet.confirm(state.position);
  return { fleet, publisher, pools, purged, release, enter };
}

describe('what every balancer of a pool has passed', () => {
  it('is removed', async () => {
    const { publisher, purged, release } = await bothGone();
    release();
    await publisher.purgeTombstones();
    expect(purged).toEqual([entry('a'), entry('b')]);
  });

  it('stays where the server has come back while others were being removed', async () => {
    const { publisher, pools, purged, release, enter } = await bothGone();
    const purging = publisher.purgeTombstones();
    enter('b');
    await publisher.publish();
    release();
    await purging;
    expect(purged).toEqual([entry('a')]);
    expect(pools.get(entry('b'))?.value).toMatchObject({ admin: 'ready' });
  });

  it('stays where the group was created again while its last words were being removed', async () => {
    const { fleet, publisher, pools, purged, release, enter } = await bothGone();
    fleet.tell('group.deleted', { group: production });
    await publisher.publish();
    fleet.confirm(fleet.state.position);
    const purging = publisher.purgeTombstones();
    const recreated = { group: production, name: 'Production' as GroupName, policy: defaultGroupPolicy };
    fleet.tell('group.created', recreated);
    enter('b');
    await publisher.publish();
    release();
    await purging;
    expect(purged).toEqual([entry('a')]);
    expect(pools.get(entry('b'))?.value).toMatchObject({ admin: 'ready' });
    expect(pools.get(revision)?.value).toMatchObject({ size: 1 });
  });
});
