/** One publisher a group, each with one run at a time: a pool that cannot be published does not hold up the others. */
import type { FleetState } from '../domain/state.ts';
import type { Observed } from '../projections/observed.ts';
import type { Clock } from '../std/clock.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import type { FleetId, GroupId, Term } from '../../schemas/ids.ts';
import type { LastValues } from './last-values.ts';
import { PoolPublisher } from './pool-publisher.ts';

export interface PoolPublishersOptions {
  readonly fleet: FleetId;
  /** Acknowledged records only. */
  readonly state: FleetState;
  readonly observed: Observed;
  readonly pools: LastValues;
  readonly term: Term;
  readonly clock: Clock;
  readonly random: () => number;
  /** The group's pool is published and acknowledged. */
  readonly onPublished: (group: GroupId) => void;
  readonly onError: (error: unknown) => void;
}

interface OfGroup {
  readonly publisher: PoolPublisher;
  readonly runner: ExclusiveRunner;
}

const backoff = { firstMs: 50, longestMs: 2_000 };

export class PoolPublishers {
  readonly #options: PoolPublishersOptions;
  readonly #byGroup = new Map<GroupId, OfGroup>();

  constructor(options: PoolPublishersOptions) {
    this.#options = options;
  }

  /** Something happened that its pool may follow from. */
  touch(group: GroupId): void {
    this.#of(group).runner.poke();
  }

  /** What is published may not be what we published: look at all of it. */
  check(group: GroupId): void {
    const { publisher, runner } = this.#of(group);
    publisher.doubt();
    runner.poke();
  }

  purgeTombstones(group: GroupId): Promise<void> {
    return this.#of(group).publisher.purgeTombstones();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byGroup.values()].map(({ runner }) => runner.stop()));
  }

  #of(group: GroupId): OfGroup {
    const known = this.#byGroup.get(group);
    if (known !== undefined) return known;
    const { fleet, state, observed, pools, term, clock, random, onPublished, onError } = this.#options;
    const publisher = new PoolPublisher({ fleet, group, state, observed, pools, term });
    const work = async () => {
      await publisher.publish();
      onPublished(group);
    };
    const made = { publisher, runner: new ExclusiveRunner({ work, clock, random, backoff, onError }) };
    this.#byGroup.set(group, made);
    return made;
  }
}
