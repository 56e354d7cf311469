/** All chance of a simulation, from one seed. Each part has a stream of its own, so that one fault less moves no other. */
import { seeded } from '../../support/random-history.ts';

export class Chance {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.next = seeded(seed);
  }

  /** Another stream, the same for the same name. */
  fork(name: string): Chance {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
    return new Chance(hash >>> 0);
  }

  happens(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)] as T;
  }
}
