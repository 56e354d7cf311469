/** One client a principal, on one connection: outcomes come to the inbox of who asked. Opened when first needed. */
import type { FleetId, Principal } from '../../schemas/ids.ts';
import { createMuster, type Muster } from '../../src/client/muster.ts';
import type { Bus } from '../../src/nats/bus.ts';
import type { Clock } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';

/** Each is one subscription. Tokens are fewer; behind a proxy there may be more people than ever ask at once. */
export const sendersMax = 1_000;

export interface SendersOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
  readonly random: () => number;
}

export class Senders {
  readonly #options: SendersOptions;
  /** The one used last at the end. */
  readonly #byPrincipal = new Map<Principal, { muster: Muster; busy: number }>();

  constructor(options: SendersOptions) {
    this.#options = options;
  }

  /** Works with the principal's client, which is kept open meanwhile. */
  async as<T>(principal: Principal, work: (muster: Muster) => Promise<T>): Promise<T> {
    const held = this.#byPrincipal.get(principal) ?? this.#open(principal);
    this.#byPrincipal.delete(principal);
    this.#byPrincipal.set(principal, held);
    held.busy += 1;
    try {
      return await work(held.muster);
    } finally {
      held.busy -= 1;
    }
  }

  async close(): Promise<void> {
    for (const { muster } of this.#byPrincipal.values()) await muster.close();
    this.#byPrincipal.clear();
  }

  #open(principal: Principal): { muster: Muster; busy: number } {
    if (this.#byPrincipal.size >= sendersMax) this.#closeIdle();
    return { muster: createMuster({ ...this.#options, principal }), busy: 0 };
  }

  #closeIdle(): void {
    for (const [principal, { muster, busy }] of this.#byPrincipal) {
      if (busy > 0) continue;
      this.#byPrincipal.delete(principal);
      void muster.close();
      return;
    }
    const message = `${sendersMax} people wait for outcomes already; nothing was sent`;
    throw new Failure({ code: 'overloaded', retryable: true, message });
  }
}
