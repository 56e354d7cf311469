/**
 * Commands as requests, for whoever is not trusted with a stream: stored in COMMANDS under the principal that the
 * request's own subject carries, then answered with the outcome. Only the leader subscribes: without one the caller
 * hears "no responders" at once. Nothing of the request but its bytes and their format is passed on.
 */
import { encodeAs } from '../wire/body.ts';
import type { Bus, BusMessage } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { textOf } from '../std/failure.ts';
import { Principal } from '../../schemas/ids.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { parseCommandSubject, subjects } from '../../schemas/subjects.ts';
import type { Outcomes } from './outcomes.ts';
import { doBurst, doPerSecond, doRequestsMax } from './timing.ts';

export interface DoServiceOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
  /** False while what arrives may have been asked long ago, and of a leader that we are no more. */
  readonly isHearing: () => boolean;
  readonly outcomes: Outcomes;
  readonly timeoutMs: number;
  readonly storeTimeoutMs: number;
  readonly track: (what: string, work: Promise<void>) => void;
}

/** What COMMANDS takes at most; a larger request is refused before it reaches the stream. */
export const commandBytesMax = 256 * 1024;

export function serveDo(options: DoServiceOptions): { unsubscribe(): void } {
  const budget = new Budget(options.clock);
  let underWay = 0;
  const onMessage = (message: BusMessage) => {
    const refusal = refuse(message, { budget, underWay, isHearing: options.isHearing() });
    if (refusal !== undefined) {
      message.respond(encodeAs('json', { status: 'unknown', safeToRepeat: true, message: refusal }));
      return;
    }
    underWay += 1;
    const work = answer(options, message).finally(() => {
      underWay -= 1;
    });
    options.track('answering a request on do', work);
  };
  return options.bus.subscribe({ subject: subjects.allDo(options.fleet), onMessage });
}

async function answer(options: DoServiceOptions, message: BusMessage): Promise<void> {
  const { bus, fleet, outcomes, clock, timeoutMs, storeTimeoutMs } = options;
  const addressed = parseCommandSubject(message.subject) as { principal: Principal; type: string };
  const subject = subjects.command(fleet, addressed.principal, addressed.type);
  const data = message.data.slice();
  const contentType = message.contentType;
  let sequence: number | undefined;
  try {
    const stored = await outcomes.storing(() =>
      bus.store({ subject, data, timeoutMs: storeTimeoutMs, ...(contentType === undefined ? {} : { contentType }) }),
    );
    if (stored.status === 'stored') sequence = stored.sequence;
  } catch (error) {
    message.respond(unknown(`the command may not have been stored: ${textOf(error)}`));
    return;
  }
  if (sequence === undefined) return;
  const at = sequence;
  await new Promise<void>((resolve) => {
    const timer = clock.after(timeoutMs, () => {
      outcomes.forget(at);
      message.respond(unknown(`stored, but not decided within ${timeoutMs} ms`));
      resolve();
    });
    outcomes.expect(at, (outcome) => {
      timer.cancel();
      message.respond(outcome);
      resolve();
    });
  });
}

/** Refusals that never reach the log: there is no command yet, or nowhere to put it. */
function refuse(message: BusMessage, { budget, underWay, isHearing }: Refusing): string | undefined {
  // Whoever leads by now has stored it too: without an id it would take effect twice.
  if (!isHearing) return 'this coordinator was away for a moment; ask again';
  const addressed = parseCommandSubject(message.subject);
  if (addressed === undefined) {
    return 'ask on muster.<fleet>.do.<principal>.<noun>.<verb>';
  }
  const principal = Principal.safeParse(addressed.principal);
  if (!principal.success) {
    return `"${addressed.principal}" is no principal: use a-z, 0-9, "_" and "-"`;
  }
  if (message.data.length > commandBytesMax) {
    return `the command has ${message.data.length} bytes; at most ${commandBytesMax} are taken`;
  }
  if (underWay >= doRequestsMax) {
    return `${doRequestsMax} requests are under way; try again in a moment`;
  }
  if (!budget.take(principal.data)) {
    return `${principal.data} asks more than ${doPerSecond} commands a second; try again in a moment`;
  }
  return undefined;
}

interface Refusing {
  readonly budget: Budget;
  readonly underWay: number;
  readonly isHearing: boolean;
}

function unknown(what: string): Uint8Array {
  const message = `${what}; ask again with the same id to learn the outcome, or look with: muster log`;
  return encodeAs('json', { status: 'unknown', message, safeToRepeat: false });
}

/** A token bucket a principal. */
class Budget {
  readonly #clock: Clock;
  readonly #bucketByPrincipal = new Map<Principal, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(principal: Principal): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#bucketByPrincipal.get(principal) ?? { tokens: doBurst, at: now };
    bucket.tokens = Math.min(doBurst, bucket.tokens + ((now - bucket.at) / 1_000) * doPerSecond);
    bucket.at = now;
    // Full buckets are the default: forgetting the oldest bounds the map without letting anybody off.
    if (this.#bucketByPrincipal.size >= principalsMax) {
      this.#bucketByPrincipal.delete(this.#bucketByPrincipal.keys().next().value as Principal);
    }
    this.#bucketByPrincipal.set(principal, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

/** Principals whose budget is remembered: every agent and balancer of a large cell. */
const principalsMax = 100_000;
