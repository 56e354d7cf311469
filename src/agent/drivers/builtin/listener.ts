/**
 * The gateway's HTTP server: takes each request, finds who answers it in the table of this moment, and counts it
 * from its first byte until the answer's end. Swapping the table is one assignment: a request under way keeps what
 * it began with.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerId } from '../../../../schemas/ids.ts';
import type { Clock } from '../../../std/clock.ts';
import { Failure, never } from '../../../std/failure.ts';
import { closeWithConnection } from '../../../std/queued-answer.ts';
import type { Serving } from '../../driver.ts';
import { answerFixed, answerPlain, type Exchange } from './answers.ts';
import { selfTestHeader } from './headers.ts';
import { forward } from './proxy.ts';
import { type RoutingTable, reservedPrefix, type Target } from './routing-table.ts';
import { TrafficCounts } from './traffic.ts';
import type { Upstreams } from './upstreams.ts';

/**
 * An idle connection lives longer here than in the balancer (60 s at most in the files Muster writes), so that the
 * balancer never sends a request into a connection this end is just closing.
 */
const keepAliveTimeoutMs = 75_000;
/** Longer than the idle time, as Node asks. */
const headersTimeoutMs = 80_000;
/** A whole request with its body: a slow upload, not an attack. */
const requestTimeoutMs = 300_000;

export interface ListenerOptions {
  readonly server: ServerId;
  readonly host: string;
  /** 0: one the system gives. */
  readonly port: number;
  readonly clock: Clock;
  readonly upstreams: Upstreams;
  /** What the self-test header must carry. */
  readonly secret: string;
}

interface Found {
  readonly url: string;
  readonly table: RoutingTable | null;
  /** Undefined: nothing in the table takes it. */
  readonly target: Target | undefined;
}

export class Listener {
  /** What is served; null before the first set. */
  live: RoutingTable | null = null;
  /** What is being tested before it is served; reached by the self-test header alone. */
  staged: RoutingTable | null = null;
  /** Draining until told otherwise: nobody shall send anything before there is something to serve. */
  serving: Serving = 'draining';
  inFlight = 0;
  readonly traffic = new TrafficCounts();
  readonly #options: ListenerOptions;
  readonly #http: Server;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const timeouts = {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
    };
    this.#http = createServer(timeouts, (request, response) => this.#take(request, response));
  }

  /** Where it listens. Fails with `io` when the address cannot be had. */
  start(): Promise<AddressInfo> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const onError = (error: Error) => {
        reject(Failure.from(error, { code: 'io', retryable: false, message: `could not listen on ${host}:${port}` }));
      };
      this.#http.once('error', onError);
      this.#http.listen(port, host, () => {
        this.#http.off('error', onError);
        resolve(this.#http.address() as AddressInfo);
      });
    });
  }

  /** Takes nothing new and cuts off the rest. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#http.listening) return resolve();
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { server, secret } = this.#options;
    closeWithConnection(request, response);
    const closing = this.serving === 'draining' ? ['connection', 'close'] : [];
    const exchange: Exchange = { request, response, common: ['x-muster-server', server, ...closing] };
    const url = pathOf(request.url ?? '/');
    if (url === undefined) return answerPlain(exchange, { status: 400, body: { title: 'the request names no path' } });
    if (climbs(url)) return answerPlain(exchange, { status: 400, body: { title: 'the path holds "." or ".."' } });
    if (url.startsWith(reservedPrefix)) return this.#answerReserved(exchange, url);
    const tested = request.headers[selfTestHeader];
    if (tested === `${secret} staged`) return this.#answer(exchange, url, this.staged);
    // Our own tests are nobody's requests: a drain does not wait for them, and no rollout is judged by them.
    if (tested === `${secret} live`) this.#answer(exchange, url, this.live);
    else this.#answerClient(exchange, url);
  }

  #answerClient(exchange: Exchange, url: string): void {
    const { clock } = this.#options;
    const { response } = exchange;
    const target = this.live?.find(exchange.request.method ?? 'GET', url);
    const beganAt = clock.monotonic();
    this.inFlight += 1;
    response.once('close', () => {
      this.inFlight -= 1;
      this.traffic.end(target?.label, { status: response.statusCode, latencyMs: clock.monotonic() - beganAt });
    });
    this.#answerBy(exchange, { url, table: this.live, target });
  }

  #answer(exchange: Exchange, url: string, table: RoutingTable | null): void {
    this.#answerBy(exchange, { url, table, target: table?.find(exchange.request.method ?? 'GET', url) });
  }

  #answerBy(exchange: Exchange, { url, table, target }: Found): void {
    const { clock, upstreams } = this.#options;
    const { common } = exchange;
    if (target === undefined) return this.#answerUnknown(exchange, { url, table });
    const { label } = target;
    switch (target.kind) {
      case 'respond':
        return answerFixed({ ...exchange, common: [...common, 'x-muster-project', label], clock, answer: target });
      case 'upstream':
        return forward({ ...exchange, upstream: upstreams.poolOf(target.origin), path: target.basePath + url, label });
      default:
        return never(target);
    }
  }

  #answerUnknown(exchange: Exchange, { url, table }: { url: string; table: RoutingTable | null }): void {
    const projects = (table?.projects ?? []).map(({ project, version }) => `${project}@${version}`);
    const { server } = this.#options;
    const title = 'no project on this server takes this request';
    const { method } = exchange.request;
    answerPlain(exchange, { status: 404, body: { title, method, path: url.split('?', 1)[0], server, projects } });
  }

  #answerReserved(exchange: Exchange, url: string): void {
    const { server } = this.#options;
    const path = url.split('?', 1)[0];
    if (path === '/-/live') return answerPlain(exchange, { status: 200, body: { server } });
    if (path !== '/-/ready') return answerPlain(exchange, { status: 404, body: { title: 'no such path', server } });
    const isReady = this.serving === 'yes' && this.live !== null;
    answerPlain(exchange, { status: isReady ? 200 : 503, body: { server, ready: isReady, serving: this.serving } });
  }
}

/** Path and query, also of a request that names a whole URL; undefined of anything else, such as `*`. */
function pathOf(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  if (!URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return pathname.startsWith('/') ? pathname + search : undefined;
}

/** Whether a part of the path is `.` or `..`: its upstream would look elsewhere than its route says. Clients resolve these. */
function climbs(url: string): boolean {
  const end = url.indexOf('?');
  return /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(end === -1 ? url : url.slice(0, end));
}
