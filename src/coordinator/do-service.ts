/**
 * Commands as requests, for whoever is not trusted with a stream, or wants the outcome in one step: decided as they
 * arrive, under the principal that the request's own subject carries, and answered once the log has acknowledged them.
 * Only the leader subscribes: without one the caller hears "no responders" at once. Nothing of the request but its
 * bytes and their format is passed on.
 *
 * A request is not stored before it is decided: LOG alone makes it durable. One that is lost on the way had no effect;
 * one whose outcome is lost is in the log under its id. So asking again with the same id is always safe, and every
 * doubt is answered with that.
 */
import { encodeAs } from '../wire/body.ts';
import type { Bus, BusMessage } from '../nats/bus.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { FleetId, Principal } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { type CommandAddress, commandAddress, commandHash } from './command-address.ts';
import type { CommandDesk } from './command-desk.ts';
import { RequestBudget } from './request-budget.ts';
import { doPerSecond, doRequestsMax } from './timing.ts';

export interface DoServiceOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
  /** False while what arrives may have been asked long ago, and of a leader that we are no more. */
  readonly isHearing: () => boolean;
  readonly desk: CommandDesk;
  /** The longest a request waits for its outcome. */
  readonly timeoutMs: number;
}

/** What COMMANDS takes at most; a request may be no larger. */
export const commandBytesMax = 256 * 1024;
/** How late a request's deadline may be noticed. */
const tickMs = 250;

interface Waiting {
  readonly message: BusMessage;
  /** By the monotonic clock. */
  readonly dueAt: number;
}

export class DoService {
  readonly #options: DoServiceOptions;
  readonly #budget: RequestBudget;
  /** Decided and not yet answered, the oldest first. */
  readonly #waiting = new Set<Waiting>();
  readonly #subscription: { unsubscribe(): void };
  #tick: Timer | undefined;

  constructor(options: DoServiceOptions) {
    this.#options = options;
    this.#budget = new RequestBudget(options.clock);
    const subject = subjects.allDo(options.fleet);
    this.#subscription = options.bus.subscribe({ subject, onMessage: (message) => this.#onMessage(message) });
  }

  /** Takes no further request. Those under way are still answered. */
  close(): void {
    this.#subscription.unsubscribe();
  }

  /** Answers what is under way as it stands: in doubt. */
  giveUp(): void {
    this.#tick?.cancel();
    for (const { message } of this.#waiting) message.respond(unknown('the coordinator no longer leads'));
    this.#waiting.clear();
  }

  #onMessage(message: BusMessage): void {
    const { clock, fleet, desk, timeoutMs, isHearing } = this.#options;
    const address = commandAddress(message.subject);
    const refusal = this.#refusal(message, address);
    if (refusal !== undefined || address.status === 'unaddressed') {
      // Whoever leads by now may have heard it too.
      message.respond(encodeAs('json', { status: 'unknown', safeToRepeat: isHearing(), message: refusal }));
      return;
    }
    const subject = subjects.command(fleet, address.principal, address.type);
    const { data, contentType } = message;
    const waiting: Waiting = { message, dueAt: clock.monotonic() + timeoutMs };
    this.#waiting.add(waiting);
    this.#tick ??= clock.after(tickMs, this.#onTick);
    desk.take({
      subject,
      data,
      contentType,
      hash: commandHash(subject, data),
      askedAt: undefined,
      watermark: undefined,
      answer: (outcome) => {
        if (this.#waiting.delete(waiting)) message.respond(outcome);
      },
    });
  }

  /** Refusals that never reach the log: there is no command yet, or no room for it. */
  #refusal(message: BusMessage, address: CommandAddress): string | undefined {
    if (address.status === 'unaddressed') {
      return address.principal === undefined
        ? 'ask on muster.<fleet>.do.<principal>.<noun>.<verb>'
        : `"${address.principal}" is no principal: use a-z, 0-9, "_" and "-"`;
    }
    if (message.data.length > commandBytesMax) {
      return `the command has ${message.data.length} bytes; at most ${commandBytesMax} are taken`;
    }
    if (this.#waiting.size >= doRequestsMax || this.#options.desk.isFull) {
      return `${this.#waiting.size} requests are under way; try again in a moment`;
    }
    return this.#budget.take(address.principal) ? undefined : overBudget(address.principal);
  }

  readonly #onTick = (): void => {
    const { clock, timeoutMs } = this.#options;
    const now = clock.monotonic();
    for (const waiting of this.#waiting) {
      if (waiting.dueAt > now) break;
      this.#waiting.delete(waiting);
      waiting.message.respond(unknown(`decided, but not acknowledged by the log within ${timeoutMs} ms`));
    }
    this.#tick = this.#waiting.size === 0 ? undefined : clock.after(tickMs, this.#onTick);
  };
}

function overBudget(principal: Principal): string {
  return `${principal} asks more than ${doPerSecond} commands a second; try again in a moment`;
}

function unknown(what: string): Uint8Array {
  const message = `${what}; ask again with the same id to learn the outcome, or look with: muster log`;
  return encodeAs('json', { status: 'unknown', message, safeToRepeat: false });
}
