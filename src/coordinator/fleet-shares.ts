/**
 * How the fleets are spread over the processes that serve them. One of these a process: it knows which fleets this
 * process leads, and by the replicas' beats how many the others lead. Whoever leads more than another hesitates longer
 * before it tries to lead one more, so that a dead process's fleets go to several; whoever leads two more than another
 * hands one over.
 *
 * A matter of balance, never of safety: wrong or missing figures cost time, and nothing else.
 */
import type { Clock } from '../std/clock.ts';
import type { FleetId } from '../../schemas/ids.ts';
import type { ReplicaBeat } from '../../schemas/coordinators.ts';
import { hesitationStepsMax } from './timing.ts';

/** A process that was not heard for so many of its beats is not counted with. */
const beatsMissedMax = 3;
/** The difference that a hand-over makes smaller, and the other way round would not. */
const surplusMin = 2;

interface Peer {
  leads: number;
  heardAt: number;
}

export interface FleetSharesOptions {
  readonly clock: Clock;
  readonly beatMs: number;
  /** Between two hand-overs of one process: what the first one changed is known to everybody by then. */
  readonly rebalanceMs: number;
  readonly random: () => number;
}

export class FleetShares {
  readonly #options: FleetSharesOptions;
  /** Led now, or being tried for. */
  readonly #led = new Set<FleetId>();
  readonly #peersByFleet = new Map<FleetId, Map<string, Peer>>();
  /** By the monotonic clock. */
  #nextHandOverAt: number;

  constructor(options: FleetSharesOptions) {
    this.#options = options;
    this.#nextHandOverAt = options.clock.monotonic() + this.#spacingMs();
  }

  get leads(): number {
    return this.#led.size;
  }

  begin(fleet: FleetId): void {
    this.#led.add(fleet);
  }

  end(fleet: FleetId): void {
    this.#led.delete(fleet);
  }

  /** What another process says of itself, heard in this fleet. */
  heard(fleet: FleetId, { instance, leads }: Pick<ReplicaBeat, 'instance' | 'leads'>): void {
    const peers = this.#peersByFleet.get(fleet) ?? new Map<string, Peer>();
    peers.set(instance, { leads, heardAt: this.#options.clock.monotonic() });
    this.#peersByFleet.set(fleet, peers);
  }

  /** By how many fleets we lead more than the one that leads fewest of those who serve this fleet; 0 where none is known. */
  surplus(fleet: FleetId): number {
    const { clock, beatMs } = this.#options;
    const peers = this.#peersByFleet.get(fleet);
    if (peers === undefined) return 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [instance, { leads, heardAt }] of peers) {
      if (clock.monotonic() - heardAt > beatsMissedMax * beatMs) peers.delete(instance);
      else fewest = Math.min(fewest, leads);
    }
    return fewest === Number.POSITIVE_INFINITY ? 0 : this.leads - fewest;
  }

  /** How many steps to hesitate before trying to lead this fleet too. Bounded, so that failover stays within its time. */
  hesitationSteps(fleet: FleetId): number {
    return Math.max(0, Math.min(hesitationStepsMax, this.surplus(fleet)));
  }

  /** True when this fleet is to be handed over now: asked by its leader now and then, true for one fleet at a time. */
  mayHandOver(fleet: FleetId): boolean {
    const now = this.#options.clock.monotonic();
    if (now < this.#nextHandOverAt || this.surplus(fleet) < surplusMin) return false;
    this.#nextHandOverAt = now + this.#spacingMs();
    return true;
  }

  /** Spread, so that two processes do not give to the same third one at once. */
  #spacingMs(): number {
    const { rebalanceMs, random } = this.#options;
    return rebalanceMs * (0.75 + random() / 2);
  }
}
