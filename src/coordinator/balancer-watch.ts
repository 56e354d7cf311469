/** Notices balancers that no longer prove their pools, and those that are back. A drain waits for the lost until its deadline. */
import type { Proposal } from '../domain/propose.ts';
import type { FleetState } from '../domain/state.ts';
import type { Observed } from '../projections/observed.ts';
import type { Clock } from '../std/clock.ts';
import type { BalancerId } from '../../schemas/ids.ts';
import type { Hearing } from './hearing.ts';

/** Silence after which a balancer is lost: its receipts come every second. As long as a server's lease. */
export const balancerLeaseMs = 6_000;

export interface BalancerWatchOptions {
  /** Acknowledged records only. */
  readonly state: FleetState;
  readonly observed: Observed;
  readonly hearing: Pick<Hearing, 'silenceSince'>;
  readonly clock: Clock;
  readonly propose: (proposal: Proposal) => void;
}

export class BalancerWatch {
  readonly #options: BalancerWatchOptions;
  /** Since when each is there and has a group to speak of, as far as this leader has seen. */
  readonly #owesSince = new Map<BalancerId, number>();
  constructor(options: BalancerWatchOptions) {
    this.#options = options;
  }

  look(): void {
    const { state, hearing, clock, propose } = this.#options;
    const heardAt = this.#heardAtByBalancer();
    const now = clock.now();
    this.#noteWhoOwes(now);
    for (const { id: balancer, lostAt } of state.balancerById.values()) {
      const seenAt = heardAt.get(balancer);
      const owesSince = this.#owesSince.get(balancer);
      // A new leader grants everybody a full lease first, as does one that could not hear.
      const silent =
        owesSince !== undefined && hearing.silenceSince(Math.max(seenAt ?? 0, owesSince)) > balancerLeaseMs;
      if (silent && lostAt === null) {
        propose({
          type: 'balancer.lost',
          data: { balancer, evidence: { seenAt: seenAt ?? 0, leaseMs: balancerLeaseMs } },
        });
      } else if (lostAt !== null && seenAt !== undefined && now - seenAt <= balancerLeaseMs) {
        propose({ type: 'balancer.returned', data: { balancer } });
      }
    }
  }

  /** Its proofs are of pools, so one whose groups are yet to be created is silent, and well. */
  #noteWhoOwes(now: number): void {
    const { state } = this.#options;
    for (const { id, groups } of state.balancerById.values()) {
      const owes = groups === 'all' ? state.groupById.size > 0 : groups.some((group) => state.groupById.has(group));
      if (!owes) this.#owesSince.delete(id);
      else if (!this.#owesSince.has(id)) this.#owesSince.set(id, now);
    }
    for (const id of this.#owesSince.keys()) if (!state.balancerById.has(id)) this.#owesSince.delete(id);
  }

  #heardAtByBalancer(): Map<BalancerId, number> {
    const heardAt = new Map<BalancerId, number>();
    for (const { applied, seenAt } of this.#options.observed.appliedByKey.values()) {
      heardAt.set(applied.balancer, Math.max(seenAt, heardAt.get(applied.balancer) ?? 0));
    }
    return heardAt;
  }
}
