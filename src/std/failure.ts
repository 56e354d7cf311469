/**
 * The one class for "the world misbehaved". A refusal of a command is a value (see schemas/rejection.ts);
 * a bug is an assertion; everything else that can go wrong outside our code is a `Failure` with a closed code.
 */

/** What went wrong, for programs. Closed: a new code is added here and nowhere else. */
export const failureCodes = [
  'aborted',
  'bundle-invalid',
  'bundle-missing',
  'closed',
  'config-invalid',
  'conflict',
  'disconnected',
  'driver-failed',
  'io',
  'log-broken',
  'log-regressed',
  'malformed',
  'no-responders',
  'no-room',
  'not-leader',
  'not-permitted',
  'overloaded',
  'stream-mismatch',
  'timeout',
  'unavailable',
  'unsupported',
] as const;
export type FailureCode = (typeof failureCodes)[number];

export interface FailureDetail {
  readonly code: FailureCode;
  /** One sentence: what, where, and what to do next where we know it. */
  readonly message: string;
  /** True when doing the same again may succeed and does no harm. */
  readonly retryable: boolean;
  readonly cause?: unknown;
}

export class Failure extends Error {
  readonly code: FailureCode;
  readonly retryable: boolean;

  constructor(detail: FailureDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'Failure';
    this.code = detail.code;
    this.retryable = detail.retryable;
  }

  /** Turns anything caught into a `Failure`, once, where it is caught. A `Failure` passes through unchanged. */
  static from(caught: unknown, fallback: Omit<FailureDetail, 'cause'>): Failure {
    if (caught instanceof Failure) return caught;
    return new Failure({ ...fallback, message: `${fallback.message}: ${textOf(caught)}`, cause: caught });
  }
}

/** The text of anything thrown, for a log line or a person. */
export function textOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}

/** States an invariant. A false one is a bug: it ends the process, and the log makes that safe. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}

/** Proves that a switch is exhaustive. */
export function never(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
