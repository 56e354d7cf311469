/** The pools a balancer was given and did not refuse, with IP addresses, and where each group is listened on. */
import type { Address, GroupId } from '../../schemas/ids.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import { Addresses } from './addresses.ts';
import type { DesiredPool } from './balancer.ts';
import { type ListenBook, requireFree } from './listen-book.ts';

export interface ListenedPool {
  readonly pool: DesiredPool;
  readonly listen: Address;
}

export class DesiredPools {
  readonly #listens: ListenBook;
  readonly #addresses: Addresses;
  readonly #byGroup = new Map<GroupId, ListenedPool>();
  /** Groups that were refused have an address too: they keep it. */
  readonly #listenByGroup = new Map<GroupId, Address>();

  constructor({ listens, clock }: { readonly listens: ListenBook; readonly clock: Clock }) {
    this.#listens = listens;
    this.#addresses = new Addresses({ clock });
  }

  /**
   * Takes the pool in as desired; a host that does not resolve leaves the one before in its place. Returns how to take
   * it back: what the program refused must not stand in the way of other groups, nor of its next start.
   */
  async take(pool: DesiredPool): Promise<() => void> {
    const resolved = await this.#addresses.resolve(pool);
    const listen = await this.#listens.claim(pool.group);
    const before = this.#byGroup.get(pool.group);
    const taken: ListenedPool = { pool: resolved, listen };
    this.#byGroup.set(pool.group, taken);
    this.#listenByGroup.set(pool.group, listen);
    return () => {
      if (this.#byGroup.get(pool.group) !== taken) return;
      if (before === undefined) this.#byGroup.delete(pool.group);
      else this.#byGroup.set(pool.group, before);
    };
  }

  /**
   * Takes in what a program begins with that does not run yet. A pool it could not begin with, since a host is not found
   * or its address is another program's, keeps no other from being served: it is left to `apply`, which says why.
   */
  async begin(pools: readonly DesiredPool[]): Promise<void> {
    for (const pool of pools) {
      let takeBack: () => void = () => undefined;
      try {
        takeBack = await this.take(pool);
        await requireFree(pool.group, await this.#listens.claim(pool.group));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        takeBack();
      }
    }
  }

  /** Nothing is desired for the group any more, nor has it an address. */
  async drop(group: GroupId): Promise<void> {
    this.#byGroup.delete(group);
    this.#listenByGroup.delete(group);
    this.#addresses.forget(group);
    await this.#listens.release(group);
  }

  get pools(): readonly DesiredPool[] {
    return this.all.map(({ pool }) => pool);
  }

  get all(): readonly ListenedPool[] {
    return [...this.#byGroup.values()];
  }

  find(group: GroupId): DesiredPool | undefined {
    return this.#byGroup.get(group)?.pool;
  }

  /** Undefined: we were never given such a group. */
  listenOf(group: GroupId): Address | undefined {
    return this.#listenByGroup.get(group);
  }
}
