/** JetStream's JSON API: one request, one answer, asked by hand so that no field a server does not know is ever sent. */
import { Failure } from '../std/failure.ts';
import { type ApiError, apiFailure } from './failures.ts';
import type { Link } from './link.ts';

export type ApiAnswer<T> =
  | { readonly status: 'answered'; readonly value: T }
  | { readonly status: 'refused'; readonly error: ApiError };

export interface ApiRequest {
  /** Without the `$JS.API.` before it: `STREAM.INFO.X`. */
  readonly verb: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How long one question to the API may take where the caller has no deadline of its own: an election takes seconds. */
export const apiTimeoutMs = 5_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The answer or the refusal as a value. Throws only what the connection fails with. */
export async function ask<T>(link: Link, { verb, body, timeoutMs, signal }: ApiRequest): Promise<ApiAnswer<T>> {
  const data = body === undefined ? new Uint8Array(0) : encoder.encode(JSON.stringify(body));
  const message = await link.ask({ subject: `$JS.API.${verb}`, data }, timeoutMs, signal);
  let answer: { error?: ApiError };
  try {
    answer = JSON.parse(decoder.decode(message.data));
  } catch (cause) {
    throw new Failure({ code: 'malformed', retryable: false, message: `the answer to ${verb} is not JSON`, cause });
  }
  if (answer.error !== undefined) return { status: 'refused', error: answer.error };
  return { status: 'answered', value: answer as T };
}

/** The answer; a refusal is thrown as a failure. */
export async function demand<T>(link: Link, request: ApiRequest): Promise<T> {
  const answer = await ask<T>(link, request);
  if (answer.status === 'refused') throw apiFailure(answer.error, request.verb);
  return answer.value;
}
