/** Waits that end: a pause, a bound on somebody else's promise, and a condition waited for. */
import type { Clock } from './clock.ts';
import { Failure } from './failure.ts';

export interface PauseOptions {
  readonly clock: Clock;
  readonly delayMs: number;
  readonly signal?: AbortSignal;
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
      reject(new Failure({ code: 'timeout', retryable: true, message: `waited ${timeoutMs} ms for ${what}` }));
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

function aborted(): Failure {
  return new Failure({ code: 'aborted', retryable: false, message: 'stopped while waiting' });
}
