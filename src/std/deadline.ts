/** Waits that end: a pause, a bound on somebody else's promise, and a bound that the work itself is told of. */
import type { Clock } from './clock.ts';
import { Failure } from './failure.ts';

export interface PauseOptions {
  readonly clock: Clock;
  readonly delayMs: number;
  readonly signal?: AbortSignal;
}

export interface FiredOptions {
  readonly signal: AbortSignal;
  /** Once this fires nothing waits any more, and nothing is left behind on `signal`, which may live for ever. */
  readonly over: AbortSignal;
}

/**
 * Resolves with why the signal fired; never, where `over` fires before. For races that are run again and again: what
 * waits for a promise is kept for as long as that promise is.
 */
export function fired({ signal, over }: FiredOptions): Promise<unknown> {
  return new Promise((resolve) => {
    if (over.aborted) return;
    if (signal.aborted) return resolve(signal.reason);
    const end = () => {
      signal.removeEventListener('abort', onAbort);
      over.removeEventListener('abort', end);
    };
    const onAbort = () => {
      end();
      resolve(signal.reason);
    };
    signal.addEventListener('abort', onAbort);
    over.addEventListener('abort', end);
  });
}

/** Resolves after `delayMs`; rejects with `aborted` as soon as the signal fires. */
export function pause({ clock, delayMs, signal }: PauseOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const onAbort = () => {
      timer.cancel();
      reject(aborted());
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export interface WithinOptions<T> {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What is awaited, for the message: "the ack of a record". */
  readonly what: string;
  readonly work: Promise<T>;
  readonly signal?: AbortSignal;
}

/** The outcome of `work`, or a retryable `timeout` after `timeoutMs`. The work itself is not stopped. */
export function within<T>({ clock, timeoutMs, what, work, signal }: WithinOptions<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const finish = () => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      finish();
      reject(aborted());
    };
    const timer = clock.after(timeoutMs, () => {
      finish();
      reject(late(timeoutMs, what));
    });
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    work.then(
      (value) => {
        finish();
        resolve(value);
      },
      (error: unknown) => {
        finish();
        reject(error);
      },
    );
  });
}

export interface SilenceOptions<T> extends Omit<WithinOptions<T>, 'signal'> {
  /** What grows as something comes. */
  readonly seen: () => number;
}

/** The outcome of `work`, or a retryable `timeout` once nothing has come for between one `timeoutMs` and two. */
export async function unlessSilent<T>({ clock, timeoutMs, what, work, seen }: SilenceOptions<T>): Promise<T> {
  const over = new AbortController();
  const silence = async (): Promise<never> => {
    for (let before: number | undefined; before !== seen(); ) {
      before = seen();
      await pause({ clock, delayMs: timeoutMs, signal: over.signal });
    }
    throw late(timeoutMs, what);
  };
  try {
    return await Promise.race([work, silence()]);
  } finally {
    over.abort();
  }
}

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What is awaited, for the message: "an answer". */
  readonly what: string;
  readonly signal: AbortSignal;
}

/**
 * The outcome of `work`, whose own signal fires with the given one, or after `timeoutMs` with a retryable `timeout`.
 *
 * Never `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: what it makes holds neither, and once the collector has
 * taken the time-out it fires no more (Node 20, nodejs/node issue 57736).
 */
export async function underDeadline<T>(
  { clock, timeoutMs, what, signal }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const onAbort = () => either.abort(signal.reason);
  const timer = clock.after(timeoutMs, () => either.abort(late(timeoutMs, what)));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await work(either.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

function late(timeoutMs: number, what: string): Failure {
  return new Failure({ code: 'timeout', retryable: true, message: `waited ${timeoutMs} ms for ${what}` });
}

function aborted(): Failure {
  return new Failure({ code: 'aborted', retryable: false, message: 'stopped while waiting' });
}
