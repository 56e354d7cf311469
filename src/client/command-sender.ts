/**
 * Sends commands into COMMANDS and hands back their outcomes.
 *
 * Promises: one command has one effect, however often it is sent; a send settles by its deadline; a lost connection is
 * carried through within it. Must not know: what a command means.
 * Duty of the caller: an id given twice goes with the same payload, or the second is rejected as `id-reused`.
 */
import type { CommandPayloadInput, CommandType } from '../../schemas/commands.ts';
import type { Event } from '../../schemas/events.ts';
import type { CommandId, FleetId, LogId, Position, Principal, Term } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { lastToken, subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';
import { createCommandIds, parseCommandId } from './command-ids.ts';
import { type WaitingCommand, WaitingCommands, waitingCommandsMax } from './waiting-commands.ts';

export interface SendOptions {
  /** Chosen by the caller where a repeat may come from another process. Default: fresh, never used before. */
  readonly id?: string;
  /** Refused as `conflict` unless what it changes was last changed at exactly this position. */
  readonly ifPosition?: Position;
  /** Why, in people's words; kept in the log. */
  readonly reason?: string;
  /**
   * Milliseconds since the epoch. Default: now. The same id must go with the same one, it is part of the body; `null`
   * sends none, for a repeat that comes through another process and does not know it.
   */
  readonly issuedAt?: number | null;
  /** How long to wait for the outcome, repeats included, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface Answered {
  readonly log: LogId;
  readonly term: Term;
  readonly position: Position;
  readonly id: CommandId;
  /** True: this id was seen before, and this is the first outcome again. */
  readonly repeated: boolean;
}
export type SendOutcome =
  | (Answered & { readonly status: 'accepted'; readonly event: Event; readonly warnings: readonly string[] })
  | (Answered & { readonly status: 'rejected'; readonly rejection: Rejection });

/** Elections take seconds on a cluster: most failovers are over in this time. */
export const sendTimeoutMsDefault = 30_000;
/** An outcome takes milliseconds; past this one message or the coordinator was lost, and a repeat costs little. */
const repeatAfterMs = 2_000;

export interface CommandSenderOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly principal: Principal;
  readonly clock: Clock;
  readonly random: () => number;
}

export class CommandSender {
  readonly #options: CommandSenderOptions;
  readonly #waiting: WaitingCommands<SendOutcome>;
  /** A fresh id each time. */
  readonly nextId: () => CommandId;
  /** What ends our subscriptions. */
  readonly #release: (() => void)[] = [];

  constructor(options: CommandSenderOptions) {
    this.#options = options;
    this.nextId = createCommandIds(options.random);
    const { bus, clock, principal } = options;
    this.#waiting = new WaitingCommands({ clock, repeatAfterMs, send: (command) => this.#store(command) });
    const outcomes = bus.subscribe({
      subject: subjects.allOutcomes(principal),
      onMessage: ({ subject, data }) => this.#onOutcome(lastToken(subject) as CommandId, data),
    });
    const unlisten = bus.onConnection((status) => {
      if (status === 'connected') this.#waiting.repeatSoon();
    });
    this.#release.push(() => outcomes.unsubscribe(), unlisten);
  }

  /**
   * The outcome, acceptance or rejection alike. Throws a `Failure`: `timeout` and `disconnected` say that the command
   * may still take effect and that the same id makes a repeat safe; `overloaded` that nothing was sent; `unavailable` that
   * it was decided before, and what the log holds of that cannot be read.
   */
  send<T extends CommandType>(
    type: T,
    payload: CommandPayloadInput<T>,
    options: SendOptions = {},
  ): Promise<SendOutcome> {
    const { clock, fleet, principal } = this.#options;
    return new Promise((resolve, reject) => {
      const id = options.id === undefined ? this.nextId() : parseCommandId(options.id);
      const { signal, issuedAt, timeoutMs = sendTimeoutMsDefault } = options;
      if (signal?.aborted) return reject(stopped(id, 'before it was sent'));
      if (this.#waiting.size >= waitingCommandsMax) return reject(overloaded());
      if (this.#waiting.has(id)) return reject(alreadyWaiting(id));
      const now = clock.monotonic();
      const onAbort = () => this.#waiting.take(id)?.reject(stopped(id, 'while waiting; it may still take effect'));
      const release = () => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add({
        id,
        subject: subjects.command(fleet, principal, type),
        data: encodeMessage(
          body(payload, { ...options, id, issuedAt: issuedAt === undefined ? clock.now() : issuedAt }),
        ),
        deadlineAt: now + timeoutMs,
        timeoutMs,
        repeatAt: now + repeatAfterMs,
        trouble: undefined,
        resolve(answer) {
          release();
          resolve(answer);
        },
        reject(failure) {
          release();
          reject(failure);
        },
      });
    });
  }

  /** Ends what waits and lets go of the bus, which is not ours to close. */
  close(): void {
    for (const release of this.#release.splice(0)) release();
    this.#waiting.fail(({ id }) => stopped(id, 'by closing the client; it may still take effect'));
  }

  /** One attempt. Its ack says only that the command is stored; what counts is the outcome. */
  #store(command: WaitingCommand<SendOutcome>): void {
    const { subject, data } = command;
    const onTrouble = (caught: unknown) => {
      const failure = Failure.from(caught, { code: 'disconnected', retryable: true, message: `storing on ${subject}` });
      command.trouble = failure;
      // What the server refuses for good it refuses again: nothing was stored, and the caller should know at once.
      const isRefused = failure.code === 'no-room' || (!failure.retryable && failure.code !== 'disconnected');
      if (isRefused) this.#waiting.take(command.id)?.reject(failure);
    };
    try {
      this.#options.bus.store({ subject, data, timeoutMs: repeatAfterMs }).then(() => {
        command.trouble = undefined;
      }, onTrouble);
    } catch (caught) {
      onTrouble(caught);
    }
  }

  #onOutcome(id: CommandId, data: Uint8Array): void {
    // Another client of the same principal, or a repeat that was answered twice: not ours, or not any more.
    if (!this.#waiting.has(id)) return;
    let outcome: Outcome;
    try {
      outcome = decodeMessage(Outcome, data, 'an outcome');
    } catch (caught) {
      const fallback = { code: 'malformed', retryable: false, message: 'an outcome' } as const;
      this.#waiting.take(id)?.reject(Failure.from(caught, fallback));
      return;
    }
    if (outcome.status === 'unknown') {
      const { message } = outcome;
      this.#waiting.take(id)?.reject(new Failure({ code: 'unavailable', retryable: false, message }));
      return;
    }
    this.#waiting.take(id)?.resolve(toSendOutcome(outcome));
  }
}

function body(payload: object, { id, issuedAt, ifPosition, reason }: SendOptions): object {
  return {
    ...payload,
    id,
    ...(issuedAt == null ? {} : { issuedAt }),
    ...(ifPosition === undefined ? {} : { ifPosition }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function toSendOutcome(outcome: Exclude<Outcome, { status: 'unknown' }>): SendOutcome {
  const { log, term, position, id, repeated } = outcome;
  const answered = { log, term, position, id, repeated };
  if (outcome.status === 'rejected') return { ...answered, status: 'rejected', rejection: outcome.rejection };
  return { ...answered, status: 'accepted', event: outcome.event, warnings: outcome.event.warnings ?? [] };
}

function stopped(id: CommandId, when: string): Failure {
  return new Failure({ code: 'aborted', retryable: false, message: `command "${id}" was given up ${when}` });
}

function overloaded(): Failure {
  const message = `${waitingCommandsMax} commands are waiting for their outcomes already; nothing was sent`;
  return new Failure({ code: 'overloaded', retryable: true, message });
}

function alreadyWaiting(id: CommandId): Failure {
  const message = `a command with the id "${id}" is waiting for its outcome in this client already`;
  return new Failure({ code: 'conflict', retryable: false, message });
}
