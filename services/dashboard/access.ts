/**
 * Who asks, and what they may: bearer tokens by their hashes, a header of a proxy that is trusted, or, on loopback
 * alone, anybody as whoever started it. No cookie ever counts, so that no page of somebody else's can ask in one's name.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { Principal } from '../../schemas/ids.ts';
import { Failure } from '../../src/std/failure.ts';
import { Problem } from './problem.ts';

/** Each may what the one before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export const Role = z.enum(roles);
export type Role = z.infer<typeof Role>;

/** Names that servers, balancers and the leader speak under are theirs. */
const PersonName = Principal.refine((name) => name !== 'system' && !/^(srv|bal)_/.test(name), {
  message: 'is a name that only servers, balancers or the system speak under',
});

export const AccessConfig = z
  .strictObject({
    tokens: z
      .array(
        z.strictObject({
          /** Becomes the principal in the log. */
          name: PersonName,
          role: Role,
          /** SHA-256 of the token, hex. Tokens are random and long (`muster dashboard token`), so a plain hash suffices. */
          sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex; make one with: muster dashboard token'),
        }),
      )
      .max(1_000)
      .default([]),
    /** A proxy that says who asks. Believed from these addresses alone. */
    trustedHeader: z
      .strictObject({
        header: z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be a header name in lower case'),
        from: z.array(z.string().refine((address) => isIP(address) !== 0, 'must be an IP address')).min(1),
        roles: z.record(PersonName, Role).default({}),
        /** Of whoever is not named; left out: refused. */
        otherwise: Role.optional(),
      })
      .optional(),
  })
  .refine(({ tokens, trustedHeader }) => tokens.length > 0 || trustedHeader !== undefined, {
    message: 'names nobody: give tokens, a trustedHeader, or both',
  });
export type AccessConfig = z.infer<typeof AccessConfig>;

export interface Caller {
  readonly principal: Principal;
  readonly role: Role;
}

/** What of a request says who asks. */
export interface Asking {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Of the socket, never of a header. */
  readonly address: string;
}

export interface Access {
  /** True: nobody is asked for a token. */
  readonly open: boolean;
  /** Undefined: nobody we know. */
  identify(asking: Asking): Caller | undefined;
}

/** Everybody who reaches the loopback address, as this principal. */
export function openAccess(principal: Principal): Access {
  return { open: true, identify: () => ({ principal, role: 'admin' }) };
}

export function restrictedAccess({ tokens, trustedHeader }: AccessConfig): Access {
  const known = tokens.map(({ name, role, sha256 }) => ({ hash: Buffer.from(sha256, 'hex'), principal: name, role }));
  const ofToken = (authorization: string): Caller | undefined => {
    const token = /^bearer +(\S{1,512})$/i.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    const hash = createHash('sha256').update(token).digest();
    let found: Caller | undefined;
    // Every one is compared, so that the time tells nothing of who is known.
    for (const { hash: expected, principal, role } of known) {
      if (timingSafeEqual(hash, expected)) found = { principal, role };
    }
    return found;
  };
  const ofHeader = ({ headers, address }: Asking): Caller | undefined => {
    if (trustedHeader === undefined || !trustedHeader.from.includes(bareAddress(address))) return undefined;
    const named = PersonName.safeParse(headers[trustedHeader.header]);
    if (!named.success) return undefined;
    const role = Object.hasOwn(trustedHeader.roles, named.data)
      ? trustedHeader.roles[named.data]
      : trustedHeader.otherwise;
    return role === undefined ? undefined : { principal: named.data, role };
  };
  return {
    open: false,
    identify(asking) {
      const { authorization } = asking.headers;
      // A token that is wrong is not made good by a header.
      return typeof authorization === 'string' ? ofToken(authorization) : ofHeader(asking);
    },
  };
}

export function mayDo(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

export function unauthenticated(): Problem {
  return new Problem({
    status: 401,
    code: 'unauthenticated',
    detail: 'this dashboard asks who you are, and no token it knows came with the request',
    next: 'send "Authorization: Bearer TOKEN"; make one with: muster dashboard token NAME',
  });
}

export function forbidden({ principal, role }: Caller, needed: Role): Problem {
  const detail = `${principal} is ${withArticle(role)} here, and this needs ${withArticle(needed)}`;
  return new Problem({ status: 403, code: 'forbidden', detail, next: 'ask somebody with that role' });
}

function withArticle(role: Role): string {
  return `${role === 'viewer' ? 'a' : 'an'} ${role}`;
}

/** Fails with `config-invalid` where whoever can reach the address could do anything. */
export function requireSafeListening(host: string, open: boolean): void {
  if (!open || isLoopback(host)) return;
  const message =
    `refusing to listen on ${host} without tokens: whoever reaches it could change the fleet. ` +
    'Give --access FILE (see: muster dashboard token), or listen on 127.0.0.1';
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** `::ffff:10.0.0.1`, as a socket of both families says it. */
function bareAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
