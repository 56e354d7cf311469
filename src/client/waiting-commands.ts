/**
 * Commands sent and not yet answered. Made for hundreds in flight: no timer a command but one coarse tick over all of
 * them, running only while something waits. It decides when a command is sent again and when it has waited too long;
 * what sending means it is told.
 */
import type { CommandId } from '../../schemas/ids.ts';
import type { Clock, Timer } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';

export interface WaitingCommand<Answer> {
  readonly id: CommandId;
  readonly subject: string;
  /** The very bytes each attempt sends: the coordinator knows a repeat by them. */
  readonly data: Uint8Array;
  /** By the monotonic clock. */
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  /** When to send it again if no outcome has come, by the monotonic clock. */
  repeatAt: number;
  /** Why the last attempt is not known to have arrived, if it is not. */
  trouble: Failure | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (failure: Failure) => void;
}

export interface WaitingCommandsOptions<Answer> {
  readonly clock: Clock;
  readonly repeatAfterMs: number;
  /** Sends the command's bytes; what goes wrong it writes into `trouble`. Must not throw. */
  readonly send: (command: WaitingCommand<Answer>) => void;
}

/** Commands waiting at once at most: far above what keeps one log busy, and a scan of all stays below a millisecond. */
export const waitingCommandsMax = 10_000;
/** How late a deadline or a repeat may be noticed: far below any time-out in use, and ten wake-ups a second. */
const tickMs = 100;

export class WaitingCommands<Answer> {
  readonly #options: WaitingCommandsOptions<Answer>;
  readonly #commandById = new Map<CommandId, WaitingCommand<Answer>>();
  /** Runs only while something waits. */
  #timer: Timer | undefined;

  constructor(options: WaitingCommandsOptions<Answer>) {
    this.#options = options;
  }

  get size(): number {
    return this.#commandById.size;
  }

  has(id: CommandId): boolean {
    return this.#commandById.has(id);
  }

  /** Holds the command and sends it for the first time. */
  add(command: WaitingCommand<Answer>): void {
    this.#commandById.set(command.id, command);
    this.#timer ??= this.#options.clock.after(tickMs, this.#onTick);
    this.#options.send(command);
  }

  /** Removes and returns it: whoever takes it settles it. */
  take(id: CommandId): WaitingCommand<Answer> | undefined {
    const command = this.#commandById.get(id);
    if (command !== undefined) this.#commandById.delete(id);
    return command;
  }

  /** Sends everything again at the next tick: after a lost connection outcomes may have passed us by. */
  repeatSoon(): void {
    for (const command of this.#commandById.values()) command.repeatAt = 0;
  }

  /** Ends everything with this failure. */
  fail(failure: (command: WaitingCommand<Answer>) => Failure): void {
    for (const command of [...this.#commandById.values()]) {
      this.#commandById.delete(command.id);
      command.reject(failure(command));
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #onTick = (): void => {
    this.#timer = undefined;
    const { clock, repeatAfterMs, send } = this.#options;
    const now = clock.monotonic();
    for (const command of this.#commandById.values()) {
      if (command.deadlineAt <= now) {
        this.#commandById.delete(command.id);
        command.reject(waitedTooLong(command));
      } else if (command.repeatAt <= now) {
        command.repeatAt = now + repeatAfterMs;
        send(command);
      }
    }
    if (this.#commandById.size > 0) this.#timer ??= clock.after(tickMs, this.#onTick);
  };
}

/** Says what became of the command as far as we know, and that the same id makes a repeat harmless. */
function waitedTooLong({
  id,
  timeoutMs,
  trouble,
}: Pick<WaitingCommand<never>, 'id' | 'timeoutMs' | 'trouble'>): Failure {
  const repeat = `it may still take effect; sending it again with the id "${id}" is safe`;
  if (trouble === undefined) {
    const message = `no outcome in ${timeoutMs} ms: the command is stored and waits for a coordinator; ${repeat}`;
    return new Failure({ code: 'timeout', retryable: true, message });
  }
  const code = trouble.code === 'disconnected' ? 'disconnected' : 'timeout';
  const message = `no outcome in ${timeoutMs} ms (${trouble.message}); ${repeat}`;
  return new Failure({ code, retryable: true, message, cause: trouble });
}
