/** Answers the gateway gives itself. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../std/clock.ts';
import type { FixedAnswer } from './routing-table.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What every answer carries: name, value, name, value. */
  readonly common: readonly string[];
}

export interface Plain {
  readonly status: number;
  readonly body: object;
}

/** JSON that says what and why, for people with curl. */
export function answerPlain({ request, response, common }: Exchange, { status, body }: Plain): void {
  // What is left of the request's body is read and dropped, so that the connection can go on.
  request.resume();
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const bytes = Buffer.from(`${JSON.stringify({ status, ...body })}\n`);
  const own = ['content-type', 'application/json', 'content-length', String(bytes.byteLength)];
  response.writeHead(status, [...common, ...own]);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export function answerFixed(exchange: Exchange & { readonly clock: Clock; readonly answer: FixedAnswer }): void {
  const { request, response, common, clock, answer } = exchange;
  request.resume();
  const send = () => {
    const { status, headers, body } = answer;
    const hasBody = status !== 204 && status !== 304;
    const length = hasBody ? ['content-length', String(body.byteLength)] : [];
    response.writeHead(status, [...headers, ...common, ...length]);
    response.end(hasBody && request.method !== 'HEAD' ? body : undefined);
  };
  if (answer.delayMs === 0) {
    send();
    return;
  }
  const timer = clock.after(answer.delayMs, send);
  response.once('close', () => timer.cancel());
}
