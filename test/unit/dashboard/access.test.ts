/** Who is known, as whom, and where the dashboard refuses to listen. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../schemas/ids.ts';
import {
  AccessConfig,
  mayDo,
  openAccess,
  requireSafeListening,
  restrictedAccess,
} from '../../../services/dashboard/access.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const config = AccessConfig.parse({
  tokens: [
    { name: 'alice', role: 'admin', sha256: sha256('alices-token') },
    { name: 'bob', role: 'viewer', sha256: sha256('bobs-token') },
  ],
  trustedHeader: { header: 'x-user', from: ['10.0.0.9'], roles: { carol: 'operator' }, otherwise: 'viewer' },
});
const access = restrictedAccess(config);
const ask = (headers: Record<string, string>, address = '192.0.2.1') => access.identify({ headers, address });

describe('a token', () => {
  it('makes its owner the principal, with the role it was given', () => {
    expect(ask({ authorization: 'Bearer alices-token' })).toEqual({ principal: 'alice', role: 'admin' });
    expect(ask({ authorization: 'bearer bobs-token' })).toEqual({ principal: 'bob', role: 'viewer' });
  });

  it.each(['Bearer wrong', 'Bearer ', 'Basic YWxpY2U6eA==', 'alices-token', `Bearer ${'x'.repeat(2_000)}`])(
    'that is wrong is nobody: %s',
    (authorization) => {
      expect(ask({ authorization })).toBeUndefined();
    },
  );

  it('that is wrong is not made good by a trusted header', () => {
    expect(ask({ authorization: 'Bearer wrong', 'x-user': 'carol' }, '10.0.0.9')).toBeUndefined();
  });
});

describe('a trusted header', () => {
  it('is believed from its proxy, over either family of addresses', () => {
    expect(ask({ 'x-user': 'carol' }, '10.0.0.9')).toEqual({ principal: 'carol', role: 'operator' });
    expect(ask({ 'x-user': 'dave' }, '::ffff:10.0.0.9')).toEqual({ principal: 'dave', role: 'viewer' });
  });

  it('is nothing from anybody else', () => {
    expect(ask({ 'x-user': 'carol' }, '10.0.0.10')).toBeUndefined();
    expect(ask({ 'x-user': 'carol', 'x-forwarded-for': '10.0.0.9' })).toBeUndefined();
  });

  it.each(['srv_web1', 'bal_haproxy', 'system', 'Carol Jones', '', '__proto__'])('names no principal: "%s"', (name) => {
    expect(ask({ 'x-user': name }, '10.0.0.9')).toBeUndefined();
  });
});

describe('who may ask', () => {
  it('is refused as a whole where it is wrong or names nobody', () => {
    const token = { name: 'alice', role: 'admin', sha256: sha256('x') };
    for (const wrong of [
      {},
      { tokens: [] },
      { tokens: [{ ...token, sha256: 'secret' }] },
      { tokens: [{ ...token, role: 'root' }] },
      { tokens: [{ ...token, name: 'srv_web1' }] },
      { tokens: [token], token: 1 },
      { trustedHeader: { header: 'x-user', from: ['everywhere'] } },
    ]) {
      expect(AccessConfig.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
    }
  });

  it('may what lower roles may, and no more', () => {
    expect(mayDo('admin', 'operator')).toBe(true);
    expect(mayDo('operator', 'operator')).toBe(true);
    expect(mayDo('viewer', 'operator')).toBe(false);
    expect(mayDo('operator', 'admin')).toBe(false);
  });
});

describe('without tokens', () => {
  it('everybody is whoever started it', () => {
    expect(openAccess('root' as Principal).identify({ headers: {}, address: '127.0.0.1' })?.principal).toBe('root');
  });

  it.each(['0.0.0.0', '::', '10.1.2.3', 'example.com', '128.0.0.1', 'localhost.example.com'])(
    'it does not listen on %s',
    (host) => {
      expect(() => requireSafeListening(host, true)).toThrow(/refusing to listen/);
      expect(() => requireSafeListening(host, false)).not.toThrow();
    },
  );

  it.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1'])('it listens on %s', (host) => {
    expect(() => requireSafeListening(host, true)).not.toThrow();
  });
});
