/**
 * Registers the balancer with its fleet, again and again until the fleet says it knows it. It asks first: a command that
 * changes nothing would stand in the log at every start and every reconnect.
 */
import type { BalancerId, CommandId, FleetId, GroupId, LogId, Principal } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import { LeaderBeat } from '../../schemas/coordinators.ts';
import { query } from '../client/queries.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure, textOf } from '../std/failure.ts';
import { newToken } from '../std/token.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeBody } from '../wire/body.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';

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
      const known = await knownIn(options);
      if (known !== undefined) return known;
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

/**
 * The log of the fleet that holds this balancer just so; undefined where it does not. Any replica may answer, one that
 * has fallen behind too: so the leader is asked for the position first, and the answer is no older.
 */
async function knownIn(options: RegistrationOptions): Promise<LogId | undefined> {
  try {
    return await askIfKnown(options);
  } catch (error) {
    if (options.signal.aborted || !(error instanceof Failure)) throw error;
    options.logger.debug({ reason: error.message }, 'could not ask whether the balancer is registered');
    return undefined;
  }
}

async function askIfKnown(options: RegistrationOptions): Promise<LogId | undefined> {
  const { bus, fleet, balancer, kind, groups, signal } = options;
  const request = { subject: subjects.leader(fleet), data: new Uint8Array(), timeoutMs: requestTimeoutMs, signal };
  const leader = decodeMessage(LeaderBeat, (await bus.request(request)).data, 'the answer of the leader');
  const asked = { atLeast: leader.position, timeoutMs: requestTimeoutMs, signal };
  const answer = await query({ bus, fleet }, { name: 'balancers', ask: {}, options: asked });
  if (answer.status !== 'ok' || answer.log !== leader.log || answer.position < leader.position) return undefined;
  const held = answer.data.find((each) => each.balancer === balancer);
  return held !== undefined && held.kind === kind && sameGroups(held.groups, groups) ? answer.log : undefined;
}

function sameGroups(held: RegistrationOptions['groups'], wanted: RegistrationOptions['groups']): boolean {
  if (held === 'all' || wanted === 'all') return held === wanted;
  const names = new Set(wanted);
  return held.length === names.size && held.every((group) => names.has(group));
}

/** MessagePack, or JSON where the replica answers without having read the question. */
function parseOutcome(data: Uint8Array): Outcome {
  const body = decodeBody(data);
  const parsed = body.status === 'ok' ? Outcome.safeParse(body.value) : undefined;
  if (parsed?.success) return parsed.data;
  const message = body.status === 'ok' ? `no outcome: ${JSON.stringify(body.value).slice(0, 200)}` : body.message;
  throw new Failure({ code: 'malformed', retryable: true, message });
}
