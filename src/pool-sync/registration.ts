/** Registers the balancer with its fleet, again and again until the fleet says it knows it. */
import type { BalancerId, CommandId, FleetId, GroupId, LogId, Principal } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure, textOf } from '../std/failure.ts';
import { newToken } from '../std/token.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeBody } from '../wire/body.ts';
import { encodeMessage } from '../wire/message.ts';

export interface RegistrationOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly balancer: BalancerId;
  readonly kind: string;
  readonly groups: 'all' | readonly GroupId[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A leader answers within milliseconds; while one is being elected the request is asked again. */
const requestTimeoutMs = 5_000;
/** Quick while a coordinator is just starting beside us, slow when there is none for long. */
const backoff = { firstMs: 200, longestMs: 10_000 } as const;

/** Resolves with the log of the fleet that knows this balancer. Only the signal ends it otherwise. */
export async function register(options: RegistrationOptions): Promise<LogId> {
  const { bus, fleet, balancer, kind, groups, clock, random, logger, signal } = options;
  const subject = subjects.do(fleet, bus.principal as Principal, 'balancer.register');
  // One id for all attempts: an outcome that was lost on its way is then the same outcome again.
  const id = newToken(random) as CommandId;
  const data = encodeMessage({ id, balancer, kind, groups });
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await bus.request({ subject, data, timeoutMs: requestTimeoutMs, signal });
      const outcome = parseOutcome(answer.data);
      if (outcome.status === 'accepted') return outcome.log;
      if (outcome.status === 'rejected' && outcome.rejection.code === 'unchanged') return outcome.log;
      const reason = outcome.status === 'rejected' ? outcome.rejection.message : outcome.message;
      logger.warn({ reason }, 'balancer not registered');
    } catch (error) {
      if (signal.aborted) throw error;
      logger.warn({ reason: textOf(error) }, 'balancer not registered');
    }
    await pause({ clock, delayMs: backoffMs(backoff, attempt, random()), signal });
  }
}

/** MessagePack, or JSON where the replica answers without having read the question. */
function parseOutcome(data: Uint8Array): Outcome {
  const body = decodeBody(data);
  const parsed = body.status === 'ok' ? Outcome.safeParse(body.value) : undefined;
  if (parsed?.success) return parsed.data;
  const message = body.status === 'ok' ? `no outcome: ${JSON.stringify(body.value).slice(0, 200)}` : body.message;
  throw new Failure({ code: 'malformed', retryable: true, message });
}
