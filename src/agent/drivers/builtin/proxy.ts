/**
 * Passes one request on to its upstream and the answer back, both as streams. Speaks to undici's dispatcher itself:
 * it costs half of what its friendlier interfaces cost.
 *
 * Promises: neither side is read faster than the other writes; a client that goes ends the upstream's work; what
 * belongs to one connection is not passed on; a request without a body that no byte of an answer came for is sent
 * once more where that is harmless.
 */
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Dispatcher } from 'undici';
import { textOf } from '../../../std/failure.ts';
import { answerPlain, type Exchange } from './answers.ts';
import { forwardedHeaders, returnedHeaders, returnedReason } from './headers.ts';
import { type UpstreamPool, upstreamRequestsMax } from './upstreams.ts';

export interface ForwardOptions extends Exchange {
  readonly upstream: UpstreamPool;
  /** Path and query as the upstream shall see them. */
  readonly path: string;
  readonly label: string;
}

/** Their meaning allows sending them twice, and they came without a body. */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS']);
const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
/** Answers that have no body, whatever length they name (RFC 9110, section 8.6). */
const bodiless = new Set([204, 304]);
/** The connection ended under the request, as an idle one does that the upstream closes just then. */
const connectionLost = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Returns at once; the answer is sent when it comes, a 502, 503 or 504 where none does. */
export function forward(options: ForwardOptions): void {
  const { request, response, upstream } = options;
  if (upstream.requests >= upstreamRequestsMax) {
    answerPlain(options, { status: 503, body: { title: 'too many requests wait for this upstream' } });
    return;
  }
  upstream.requests += 1;
  response.once('close', () => {
    upstream.requests -= 1;
  });
  const body = bodyOf(request);
  dispatch(options, body, body === null && repeatable.has(request.method ?? ''));
}

function dispatch(options: ForwardOptions, body: PassThrough | null, mayRepeat: boolean): void {
  const { request, response, upstream, path } = options;
  const headers = forwardedHeaders({
    rawHeaders: request.rawHeaders,
    remoteAddress: request.socket.remoteAddress ?? 'unknown',
  });
  const onError = (error: Error) => {
    if (response.destroyed || response.writableEnded) return;
    if (mayRepeat && !response.headersSent && connectionLost.has(codeOf(error))) dispatch(options, body, false);
    else fail(options, error);
  };
  const method = (request.method ?? 'GET') as Dispatcher.HttpMethod;
  try {
    upstream.pool.dispatch({ path, method, headers, body }, handlerOf(options, onError));
  } catch (error) {
    fail(options, error);
  }
}

function handlerOf(options: ForwardOptions, onError: (error: Error) => void): Dispatcher.DispatchHandler {
  const { response, label, common } = options;
  let stopWatching: () => void = () => undefined;
  return {
    onRequestStart(controller) {
      // Called again where undici sends the request once more.
      stopWatching();
      const onClose = () => {
        if (!response.writableFinished) controller.abort(new Error('the client has gone'));
      };
      if (response.destroyed) return onClose();
      response.once('close', onClose);
      stopWatching = () => void response.off('close', onClose);
    },
    onResponseStart(controller, status, headers, statusMessage) {
      // Interim answers are the upstream's with us; the client gets the final one.
      if (status < 200) return;
      const raw = rawHeadersOf(controller.rawHeaders, headers);
      const sent = [...returnedHeaders(raw), ...common, 'x-muster-project', label];
      response.writeHead(status, returnedReason(statusMessage), sent);
      // Whole as it is; undici takes the length of what has not changed for a body that is missing, and breaks off.
      if (bodiless.has(status)) response.end();
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd() {
      stopWatching();
      response.end();
    },
    onResponseError(_controller, error) {
      stopWatching();
      onError(error);
    },
  };
}

/** A stream of its own: what undici does to it when an upstream answers early must not cut off the client. */
function bodyOf(request: IncomingMessage): PassThrough | null {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
  if (encoding === undefined && Number(length ?? 0) === 0) return null;
  const body = new PassThrough();
  request.pipe(body);
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the client has gone'));
  });
  body.once('close', () => {
    request.unpipe(body);
    request.resume();
  });
  // Told to undici, which reads it; here it must only not end the process.
  body.on('error', () => undefined);
  return body;
}

function fail(options: ForwardOptions, error: unknown): void {
  const isLate = timeouts.has(codeOf(error));
  const title = isLate ? 'the upstream did not answer in time' : 'the upstream could not be reached';
  answerPlain(options, { status: isLate ? 504 : 502, body: { title, project: options.label, detail: textOf(error) } });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function rawHeadersOf(raw: Dispatcher.DispatchController['rawHeaders'], parsed: object): string[] {
  if (Array.isArray(raw)) return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
  const pairs = Object.entries(parsed) as [string, string | string[]][];
  return pairs.flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]));
}
