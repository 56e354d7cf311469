/**
 * What balancers spread traffic over, checked as they begin to: always a pool that once was, whole, and never an older
 * one than before. And whom they send it to: nobody in who proved nothing, nobody who serves what its group never carried.
 */
import type { GroupId, ServerId } from '../../../schemas/ids.ts';
import type { Event } from '../../../schemas/events.ts';
import type { DesiredPool } from '../../../src/balancers/balancer.ts';
import { isServing } from '../../../src/domain/membership.ts';
import type { GatewaySeat } from '../cast/gateway-seat.ts';
import type { SimProcess } from '../world/process.ts';
import type { Telling } from './telling.ts';
import { entryText, type Truth } from './truth.ts';

export interface PoolsOptions {
  readonly truth: Truth;
  readonly telling: Telling;
  readonly gateways: ReadonlyMap<ServerId, GatewaySeat>;
  readonly fail: (why: string) => void;
}

export class Pools {
  readonly #options: PoolsOptions;
  /** The newest pool each life of a balancer took, by `life/group`. */
  readonly #stampByLife = new Map<string, { readonly term: number; readonly position: number }>();

  constructor(options: PoolsOptions) {
    this.#options = options;
  }

  taken({ name }: SimProcess, { group, servers, version = '0.0' }: DesiredPool): void {
    const { truth, fail } = this.#options;
    const [term = 0, position = 0] = version.split('.').map(Number);
    const pool = truth.poolByStamp.get(`${group}@${position}`) ?? new Map<ServerId, string>();
    const isWhole = servers.length === pool.size && servers.every((one) => pool.get(one.server) === entryText(one));
    if (!isWhole) {
      const text = (entries: Iterable<string>) => [...entries].join(', ') || 'nobody';
      const held = servers.map((one) => `${one.server} ${entryText(one)}`);
      const was = [...pool].map(([server, entry]) => `${server} ${entry}`);
      fail(`${name} spreads ${group} at ${version} over ${text(held)}; the pool was ${text(was)}`);
    }
    const before = this.#stampByLife.get(`${name}/${group}`);
    if (before !== undefined && (before.term > term || (before.term === term && before.position > position))) {
      fail(`${name} went back from pool ${before.term}.${before.position} of ${group} to ${version}`);
    }
    this.#stampByLife.set(`${name}/${group}`, { term, position });
    for (const { server } of servers) this.#checkServed(server, group);
  }

  /** A balancer lets go of a group only if that was deleted since the pool it has of it. */
  removed({ name }: SimProcess, group: GroupId): void {
    const { truth, fail } = this.#options;
    const deletedAt = truth.deletedAtByGroup.get(group) ?? 0;
    const { position } = this.#stampByLife.get(`${name}/${group}`) ?? { position: 0 };
    if (deletedAt <= position) fail(`${name} takes out ${group}, had at ${position} and last deleted at ${deletedAt}`);
  }

  /** Nobody enters without a receipt for the set it was admitted at. */
  onEvent(event: Event): void {
    const { telling, fail } = this.#options;
    if (event.type !== 'server.ready') return;
    const { server, covers } = event.data;
    const proven = telling.provenByServer.get(server) ?? new Set();
    if (![...proven].some((position) => position >= covers)) {
      fail(`${server} is let in at ${event.position} for what it never proved: position ${covers}`);
    }
  }

  /** Nobody stays serving a set its group never carried. */
  #checkServed(server: ServerId, group: GroupId): void {
    const { truth, gateways, fail } = this.#options;
    const known = truth.state.serverById.get(server);
    const driver = gateways.get(server)?.driver;
    if (known === undefined || driver === undefined || driver.serving !== 'yes') return;
    if (known.member?.group !== group || !isServing(known)) return;
    const carried = truth.carriedByGroup.get(group) ?? new Set();
    for (const { project, version } of driver.served) {
      if (!carried.has(`${project}@${version}`)) fail(`${server} serves ${project}@${version}, never of ${group}`);
    }
  }
}
