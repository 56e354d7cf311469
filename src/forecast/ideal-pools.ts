/** Pools published as soon as they change, and confirmed at once by every balancer that is there. */
import type { FleetState } from '../domain/state.ts';
import { balancersOf } from '../projections/balancers.ts';
import { appliedKey, type Observed } from '../projections/observed.ts';
import { type Pool, poolOf } from '../projections/pool.ts';
import type { ForecastTransition } from '../../schemas/forecast.ts';
import type { GroupId, LogId } from '../../schemas/ids.ts';

type Revision = Extract<ForecastTransition, { kind: 'pool' }>;

export class IdealPools {
  readonly #state: FleetState;
  /** Written to: what balancers have confirmed. */
  readonly #observed: Observed;
  readonly #poolByGroup = new Map<GroupId, Pool>();

  /** What stands by now was published and confirmed before. */
  constructor(state: FleetState, observed: Observed, now: number) {
    this.#state = state;
    this.#observed = observed;
    for (const group of state.groupById.keys()) this.publishNew(group, now);
  }

  /** The group's next revision; undefined: its pool is as it was. */
  publishNew(group: GroupId, now: number): Revision | undefined {
    const pool = poolOf(this.#state, group);
    const before = this.#poolByGroup.get(group);
    if (pool === null || pool.position === before?.position) return undefined;
    this.#poolByGroup.set(group, pool);
    this.#observed.publishedPoolByGroup.set(group, pool.position);
    this.#confirm(pool, now);
    return revisionOf(before, pool, now);
  }

  #confirm({ group, position, entries }: Pool, now: number): void {
    const state = this.#state;
    for (const balancer of balancersOf(state, group)) {
      if (state.balancerById.get(balancer)?.lostAt != null) continue;
      const stamp = { log: state.log as LogId, term: state.term, position };
      const applied = { ...stamp, balancer, group, servers: entries.length, inFlight: [] };
      this.#observed.appliedByKey.set(appliedKey(balancer, group), { applied, seenAt: now });
    }
  }
}

function revisionOf(before: Pool | undefined, pool: Pool, at: number): Revision {
  const adminBy = (of: Pool | undefined) => new Map(of?.entries.map(({ server, admin }) => [server, admin]));
  const [was, is] = [adminBy(before), adminBy(pool)];
  const become = (wanted: 'ready' | 'drain') =>
    [...is].filter(([server, admin]) => admin === wanted && was.get(server) !== wanted).map(([server]) => server);
  const left = [...was.keys()].filter((server) => !is.has(server));
  const serving = [...is.values()].filter((admin) => admin === 'ready').length;
  return { kind: 'pool', at, group: pool.group, entered: become('ready'), draining: become('drain'), left, serving };
}
