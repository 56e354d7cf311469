/**
 * A gateway that stops asks its fleet to drain it first. The fleet takes it out of the pool, hears every balancer, and
 * only then tells it, by its directive, to refuse what is new.
 *
 * Promises: ends by its deadline, or as soon as nobody answers any more; until then the gateway serves as ever.
 */
import type { CommandId, FleetId, Principal, ServerId } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';

/** `told`: drained, as far as the time allowed. `unaided`: no coordinator saw to it. */
export type DrainEnd = 'told' | 'unaided';

export interface SelfDrainOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly server: ServerId;
  readonly id: CommandId;
  /** The directive carried out says to drain. */
  readonly isDraining: () => boolean;
  /** Heartbeats without a request in flight, in a row, answered by a leader that knows that we drain. */
  readonly idleBeats: () => number;
  /** When a heartbeat was last answered, by the monotonic clock. */
  readonly answeredAt: () => number;
  /** From one heartbeat to the next before it stops: so long ago the last answer may be, and nobody is silent. */
  readonly beatMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What the leader counts as empty is three idle readings; one more in case the first came before our receipt. */
const idleBeatsMin = 4;
/** A stop shall not hang on a control plane that is away; a change of leaders mostly takes no longer. */
const silenceMaxMs = 5_000;
const askPatienceMs = 3_000;
const askTimeoutMs = 2_000;
const askBackoff = { firstMs: 100, longestMs: 1_000 } as const;
const readingPauseMs = 50;

/** Rejects with `aborted` alone. */
export async function drainItself(options: SelfDrainOptions): Promise<DrainEnd> {
  const { clock, isDraining, idleBeats, answeredAt, beatMs, timeoutMs, signal } = options;
  const deadlineAt = clock.monotonic() + timeoutMs;
  // One of the regular heartbeats may have been lost.
  const isHeard = clock.monotonic() - answeredAt() <= Math.max(silenceMaxMs, 2 * beatMs);
  if (timeoutMs === 0 || !isHeard || !(await ask(options))) return 'unaided';
  // That was an answer too; from here on heartbeats come often.
  const askedAt = clock.monotonic();
  const isAnswered = () => clock.monotonic() - Math.max(askedAt, answeredAt()) <= silenceMaxMs;
  while (clock.monotonic() < deadlineAt && isAnswered()) {
    if (isDraining() && idleBeats() >= idleBeatsMin) return 'told';
    await pause({ clock, delayMs: readingPauseMs, signal });
  }
  return isDraining() ? 'told' : 'unaided';
}

/** True when the fleet sees to it. */
async function ask(options: SelfDrainOptions): Promise<boolean> {
  const { clock, random, logger, timeoutMs, signal, fleet } = options;
  const deadlineAt = clock.monotonic() + Math.min(askPatienceMs, timeoutMs);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const outcome = await request(options);
      if (outcome.status === 'accepted') return true;
      if (outcome.status === 'rejected') {
        const { code } = outcome.rejection;
        // It drains already, or is on its way out for another reason: either way the directive will say so.
        if (code === 'unchanged' || code === 'server-leaving') return true;
        logger.warn({ fleet, rejection: outcome.rejection }, 'the fleet does not drain this server');
        return false;
      }
    } catch (error) {
      const { code, message } = Failure.from(error, { code: 'malformed', retryable: true, message: 'draining' });
      if (code === 'aborted') throw error;
      logger.debug({ fleet, code, reason: message }, 'could not ask to be drained');
    }
    if (clock.monotonic() >= deadlineAt) return false;
    await pause({ clock, delayMs: backoffMs(askBackoff, attempt, random()), signal });
  }
}

async function request({ bus, fleet, server, id, signal }: SelfDrainOptions): Promise<Outcome> {
  const subject = subjects.do(fleet, `srv_${server}` as Principal, 'server.drain');
  const body = { id, server, reason: 'the gateway stops' };
  const { data } = await bus.request({ subject, data: encodeMessage(body), timeoutMs: askTimeoutMs, signal });
  return decodeMessage(Outcome, data, 'the outcome of a drain');
}
