/** How many requests each principal may make: a token bucket a principal, so that one of them cannot crowd out the rest. */
import type { Clock } from '../std/clock.ts';
import type { Principal } from '../../schemas/ids.ts';
import { doBurst, doPerSecond } from './timing.ts';

/** Principals whose budget is remembered: every agent and balancer of a large cell. */
const principalsMax = 100_000;

export class RequestBudget {
  readonly #clock: Clock;
  readonly #bucketByPrincipal = new Map<Principal, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when the principal has used up what it may ask. */
  take(principal: Principal): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#bucketByPrincipal.get(principal) ?? this.#newBucket(principal, now);
    bucket.tokens = Math.min(doBurst, bucket.tokens + ((now - bucket.at) / 1_000) * doPerSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #newBucket(principal: Principal, now: number): { tokens: number; at: number } {
    // Full buckets are the default: forgetting the oldest bounds the map without letting anybody off.
    if (this.#bucketByPrincipal.size >= principalsMax) {
      this.#bucketByPrincipal.delete(this.#bucketByPrincipal.keys().next().value as Principal);
    }
    const bucket = { tokens: doBurst, at: now };
    this.#bucketByPrincipal.set(principal, bucket);
    return bucket;
  }
}
