/** Which headers a gateway passes on. Pure; works on flat lists, so that order, case and repeats survive. */

/** Marks the gateway's own health checks; its value is a secret of the process, so nobody else can. */
export const selfTestHeader = 'x-muster-self-test';

/** RFC 9110, section 7.6.1, and the old `proxy-connection`: they speak of one connection, not of the message. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** `host` is the upstream's, `expect` was answered by us; the others are written anew. */
const notForwarded = new Set([
  'host',
  'expect',
  selfTestHeader,
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);
/** Only this gateway says who answered. */
const notReturned = new Set(['x-muster-server', 'x-muster-project']);

export interface ClientRequest {
  /** Name, value, name, value, as they came. */
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
}

/** The headers of the request to the upstream. */
export function forwardedHeaders({ rawHeaders, remoteAddress }: ClientRequest): string[] {
  const dropped = namedInConnection(rawHeaders);
  const headers: string[] = [];
  let host = '';
  let proto = 'http';
  const addresses: string[] = [];
  for (const [name, value, key] of pairs(rawHeaders)) {
    if (key === 'host') host = value;
    if (key === 'x-forwarded-proto') proto = value;
    if (key === 'x-forwarded-for') addresses.push(value);
    if (hopByHop.has(key) || notForwarded.has(key) || dropped.has(key)) continue;
    headers.push(name, value);
  }
  headers.push('x-forwarded-for', [...addresses, remoteAddress].join(', '), 'x-forwarded-proto', proto);
  if (host !== '') headers.push('x-forwarded-host', host);
  return headers;
}

/** The upstream's headers as the client gets them. */
export function returnedHeaders(rawHeaders: readonly string[]): string[] {
  const dropped = namedInConnection(rawHeaders);
  const headers: string[] = [];
  for (const [name, value, key] of pairs(rawHeaders)) {
    if (!hopByHop.has(key) && !notReturned.has(key) && !dropped.has(key)) headers.push(name, value);
  }
  return headers;
}

/** What the upstream calls its status, unless no answer could carry it: it is text for people, and often not even sent. */
export function returnedReason(reason: string | undefined): string | undefined {
  return reason !== undefined && /^[\t -~\u0080-\u00ff]+$/.test(reason) ? reason : undefined;
}

/** `Connection` names further headers that end here. It may not name those that frame the message. */
function namedInConnection(rawHeaders: readonly string[]): Set<string> {
  const named = new Set<string>();
  for (const [, value, key] of pairs(rawHeaders)) {
    if (key !== 'connection') continue;
    for (const token of value.split(',')) named.add(token.trim().toLowerCase());
  }
  named.delete('content-length');
  named.delete('content-type');
  return named;
}

function* pairs(rawHeaders: readonly string[]): Generator<[name: string, value: string, key: string]> {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    yield [name, rawHeaders[at + 1] ?? '', name.toLowerCase()];
  }
}
