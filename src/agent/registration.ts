/** Registers this server with its fleet, again and again until the fleet has answered. */
import type { Address, CommandId, FleetId, Labels, LogId, Principal, ServerId } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';

export interface RegistrationOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly server: ServerId;
  readonly address: Address;
  readonly labels?: Labels;
  /** The program's name and version, for people. */
  readonly agent: string;
  /** A fresh command id. */
  readonly newId: () => CommandId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The control plane may be down for long: not a storm when it returns, and not a long wait either. */
const backoff = { firstMs: 250, longestMs: 10_000 } as const;
/** A refusal does not mend itself: a person has to, and should then not wait for long. */
const refusedPauseMs = 30_000;
const answerTimeoutMs = 5_000;

/** The log the server is now registered in. Rejects with `aborted` alone. */
export async function register(options: RegistrationOptions): Promise<LogId> {
  const { newId, clock, random, logger, signal, fleet } = options;
  let id = newId();
  for (let attempt = 1; ; attempt += 1) {
    let delayMs = backoffMs(backoff, attempt, random());
    try {
      const outcome = await ask(options, id);
      // `unchanged`: it is registered just so already.
      const isDone =
        outcome.status === 'accepted' || (outcome.status === 'rejected' && outcome.rejection.code === 'unchanged');
      if (isDone) {
        logger.info({ fleet, position: outcome.position }, 'registered');
        return outcome.log;
      }
      if (outcome.status === 'rejected') {
        logger.error({ fleet, rejection: outcome.rejection }, 'registration refused');
        delayMs = refusedPauseMs;
        id = newId();
      }
    } catch (error) {
      const { code, message } = Failure.from(error, { code: 'malformed', retryable: true, message: 'registering' });
      if (code === 'aborted') throw error;
      // Said once loudly: the gateway serves all the same.
      logger[attempt === 1 ? 'warn' : 'debug']({ fleet, code, reason: message }, 'not registered yet; trying again');
    }
    await pause({ clock, delayMs, signal });
  }
}

async function ask(options: RegistrationOptions, id: CommandId): Promise<Outcome> {
  const { bus, fleet, server, address, labels, agent, signal } = options;
  const subject = subjects.do(fleet, `srv_${server}` as Principal, 'server.register');
  const body = { id, server, address, agent, ...(labels === undefined ? {} : { labels }) };
  const { data } = await bus.request({ subject, data: encodeMessage(body), timeoutMs: answerTimeoutMs, signal });
  return decodeMessage(Outcome, data, 'the outcome of a registration');
}
