/**
 * Tells outcomes, never before the append they follow from is acknowledged: to the asker's inbox, and to whoever
 * waits on `do` for the command at a COMMANDS sequence. Hot path: one per command.
 */
import type { Bus } from '../nats/bus.ts';
import type { BodyFormat } from '../wire/body.ts';
import { encodeAs } from '../wire/body.ts';
import type { Event } from '../../schemas/events.ts';
import type { CommandId, LogId, Principal, Term } from '../../schemas/ids.ts';
import type { Outcome } from '../../schemas/outcome.ts';
import { subjects } from '../../schemas/subjects.ts';
import { earlyOutcomesMax } from './timing.ts';

/** What is needed to answer one command, kept from intake to ack. */
export interface Asker {
  readonly principal: Principal;
  readonly id: CommandId;
  readonly format: BodyFormat;
  /** The command came without an id: sending it again is a second command. */
  readonly anonymous: boolean;
  /** Its sequence on COMMANDS. */
  readonly sequence: number;
}

export class Outcomes {
  readonly #bus: Bus;
  readonly #log: LogId;
  readonly #term: Term;
  /** Requests on `do` that know their COMMANDS sequence. */
  readonly #waitingBySequence = new Map<number, (outcome: Uint8Array) => void>();
  /** Stores for `do` under way: while there are any, outcomes are kept for them in `#early`. */
  #storing = 0;
  readonly #early = new Map<number, Uint8Array>();

  constructor(options: { bus: Bus; log: LogId; term: Term }) {
    this.#bus = options.bus;
    this.#log = options.log;
    this.#term = options.term;
  }

  /** Runs a store for `do`; outcomes that come before its ack are kept. */
  async storing<T>(store: () => Promise<T>): Promise<T> {
    this.#storing += 1;
    try {
      return await store();
    } finally {
      this.#storing -= 1;
    }
  }

  /** Calls back with the encoded outcome of the command at this COMMANDS sequence, now or when it comes. */
  expect(sequence: number, take: (outcome: Uint8Array) => void): void {
    const early = this.#early.get(sequence);
    if (this.#storing === 0) this.#early.clear();
    if (early === undefined) this.#waitingBySequence.set(sequence, take);
    else take(early);
  }

  forget(sequence: number): void {
    this.#waitingBySequence.delete(sequence);
  }

  tell(asker: Asker, event: Event, repeated: boolean): void {
    const common = {
      log: this.#log,
      term: this.#term,
      position: event.position,
      id: asker.id,
      repeated,
      safeToRepeat: !asker.anonymous,
    };
    const outcome: Outcome =
      event.type === 'command.rejected'
        ? { ...common, status: 'rejected', rejection: event.data.rejection }
        : { ...common, status: 'accepted', event };
    const data = encodeAs(asker.format, outcome);
    if (!asker.anonymous) this.#bus.publish({ subject: subjects.outcome(asker.principal, asker.id), data });
    const take = this.#waitingBySequence.get(asker.sequence);
    if (take !== undefined) {
      this.#waitingBySequence.delete(asker.sequence);
      take(data);
    } else if (this.#storing > 0) {
      this.#early.set(asker.sequence, data);
      if (this.#early.size > earlyOutcomesMax) this.#early.delete(this.#early.keys().next().value as number);
    }
  }
}
