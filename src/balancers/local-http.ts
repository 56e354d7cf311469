/** One HTTP request to a program's own status or admin interface on a unix socket. */
import { request } from 'node:http';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';

export interface LocalRequest {
  readonly socketPath: string;
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly clock: Clock;
}

export interface LocalAnswer {
  readonly status: number;
  readonly text: string;
}

/** A local socket answers in a millisecond; a thousand servers to list, or a machine that pages, take longer. */
const askTimeoutMs = 5_000;
/** The listing of a few thousand servers; past it the answer is not ours. */
const answerBytesMax = 32 * 1024 * 1024;

/** Throws `unavailable` when nobody answers there, `timeout` when the answer takes too long. */
export function askLocal({ socketPath, path, method = 'GET', clock }: LocalRequest): Promise<LocalAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (failure: Failure) => {
      timer.cancel();
      call.destroy();
      reject(failure);
    };
    const timer = clock.after(askTimeoutMs, () =>
      fail(new Failure({ code: 'timeout', retryable: true, message: `no answer to ${path} in ${askTimeoutMs} ms` })),
    );
    const onError = (error: Error) =>
      fail(Failure.from(error, { code: 'unavailable', retryable: true, message: `${path} on ${socketPath}` }));
    // No agent: a connection kept idle would be one more that a program which stops has to wait for.
    const call = request({ socketPath, path, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > answerBytesMax) {
          fail(new Failure({ code: 'overloaded', retryable: false, message: `${path}: more than is believed` }));
        }
      });
      response.on('error', onError);
      response.on('end', () => {
        timer.cancel();
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    call.on('error', onError);
    call.end();
  });
}
