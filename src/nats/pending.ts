/**
 * The requests under way on one connection, each with a deadline. Made for a hundred thousand a second: no timer per
 * request, but one coarse tick over buckets of tokens, running only while something waits. Pure but for the clock.
 */
import type { Clock, Timer } from '../std/clock.ts';
import type { Failure } from '../std/failure.ts';

export interface Waiting<Reply> {
  /** Where the request was sent: a refused permission names only that. */
  readonly subject: string;
  readonly timeoutMs: number;
  onReply(reply: Reply): void;
  onFailure(failure: Failure): void;
}

/** How late a deadline may be noticed. Far below every time-out in use, and 50 wake-ups a second at most. */
const tickMs = 20;

export class PendingRequests<Reply> {
  readonly #clock: Clock;
  readonly #late: (waiting: Waiting<Reply>) => Failure;
  readonly #waitingByToken = new Map<number, Waiting<Reply>>();
  /** Tokens by the tick they are due at. Answered ones stay until their tick: removing them would cost more. */
  readonly #tokensByTick = new Map<number, number[]>();
  #lastToken = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, late: (waiting: Waiting<Reply>) => Failure) {
    this.#clock = clock;
    this.#late = late;
  }

  get size(): number {
    return this.#waitingByToken.size;
  }

  /** Holds the request until it is taken, fails or is late. Returns its token. */
  add(waiting: Waiting<Reply>): number {
    this.#lastToken += 1;
    const token = this.#lastToken;
    const tick = Math.ceil((this.#clock.monotonic() + waiting.timeoutMs) / tickMs);
    const tokens = this.#tokensByTick.get(tick);
    if (tokens === undefined) this.#tokensByTick.set(tick, [token]);
    else tokens.push(token);
    this.#waitingByToken.set(token, waiting);
    this.#timer ??= this.#clock.after(tickMs, this.#onTick);
    return token;
  }

  /** Removes and returns what waits under the token: whoever takes it settles it. */
  take(token: number): Waiting<Reply> | undefined {
    const waiting = this.#waitingByToken.get(token);
    if (waiting !== undefined) this.#waitingByToken.delete(token);
    return waiting;
  }

  /** Fails everything, or everything sent to one subject, with the same failure. */
  fail(failure: Failure, subject?: string): void {
    for (const [token, waiting] of [...this.#waitingByToken]) {
      if (subject !== undefined && waiting.subject !== subject) continue;
      this.#waitingByToken.delete(token);
      waiting.onFailure(failure);
    }
    if (this.#waitingByToken.size === 0) this.#rest();
  }

  readonly #onTick = (): void => {
    this.#timer = undefined;
    const now = this.#clock.monotonic() / tickMs;
    for (const [tick, tokens] of this.#tokensByTick) {
      if (tick > now) continue;
      this.#tokensByTick.delete(tick);
      for (const token of tokens) {
        const waiting = this.take(token);
        waiting?.onFailure(this.#late(waiting));
      }
    }
    if (this.#waitingByToken.size === 0) this.#rest();
    else this.#timer ??= this.#clock.after(tickMs, this.#onTick);
  };

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#tokensByTick.clear();
  }
}
