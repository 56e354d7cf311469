/**
 * What every request passes before it is answered: the host it names, the site it comes from, who asks, and what that
 * one may. And what every answer carries, so that a page of ours can load nothing of anybody else's.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Access, type Caller, forbidden, isLoopback, mayDo, type Role, unauthenticated } from './access.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route that needs a role. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** Who may ask; left out: everybody who reaches the port, tokens or not. */
    readonly role?: Role;
  }
}

/** Nothing but this origin's own files; no inline script or style. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'x-frame-options': 'DENY',
};

export interface GuardOptions {
  readonly access: Access;
  /** Names by which a browser may reach us though no token is asked for, beside those of loopback. */
  readonly hosts: readonly string[];
  /** Requests of one caller in a minute; of one address where nobody is known. */
  readonly requestsPerMinute: number;
}

/** The plugin that counts must be there before. */
export function addGuards(app: App, { access, hosts, requestsPerMinute }: GuardOptions): void {
  app.decorateRequest('caller', null);
  const count = app.createRateLimit({
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => callerOf(request, access)?.principal ?? request.ip,
  });
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(headers);
    if (request.url.startsWith('/v1/')) reply.header('cache-control', 'no-store');
    refuseForeignHost(request, { access, hosts });
    refuseOtherSites(request);
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) {
      reply.header('retry-after', counted.ttlInSeconds);
      const detail = `more than ${requestsPerMinute} requests in a minute; come back in ${counted.ttlInSeconds} s`;
      throw new Problem({ status: 429, code: 'overloaded', detail });
    }
    const { role: needed } = request.routeOptions.config;
    if (needed === undefined) return;
    const caller = callerOf(request, access);
    if (caller === undefined) {
      reply.header('www-authenticate', 'Bearer realm="muster"');
      throw unauthenticated();
    }
    if (!mayDo(caller.role, needed)) throw forbidden(caller, needed);
    request.caller = caller;
  });
}

function callerOf(request: FastifyRequest, access: Access): Caller | undefined {
  return access.identify({ headers: request.headers, address: request.ip });
}

/** Without tokens it is the address that protects us: a page elsewhere whose name is made to point here must not count. */
function refuseForeignHost(
  { headers: { host = '' } }: FastifyRequest,
  { access, hosts }: Pick<GuardOptions, 'access' | 'hosts'>,
): void {
  if (!access.open) return;
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  if (isLoopback(name) || hosts.includes(name)) return;
  throw new Problem({
    status: 421,
    code: 'foreign-host',
    detail: `this dashboard answers without tokens, and only under a name of this machine, not "${name.slice(0, 253)}"`,
    next: 'go to http://127.0.0.1, or start it with --access',
  });
}

/** Browsers say where a request comes from. There is nothing of ours for the pages of others to use. */
function refuseOtherSites({ headers: { 'sec-fetch-site': site, 'sec-fetch-mode': mode } }: FastifyRequest): void {
  if (site === undefined || site === 'same-origin' || site === 'none' || mode === 'navigate') return;
  throw new Problem({ status: 403, code: 'foreign-site', detail: 'pages of other sites may not ask this dashboard' });
}
