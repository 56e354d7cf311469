import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { natsAccessOf, takeNatsAccess } from '../../../services/cli/nats-access.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-access-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('who a process is to NATS', () => {
  it('is nobody where the environment says nothing, or says it empty', () => {
    expect(natsAccessOf({})).toEqual({});
    expect(natsAccessOf({ NATS_USER: '', NATS_PASSWORD: '', NATS_CREDS: '', NATS_CA: '' })).toEqual({});
  });

  it('is told in one of four ways, secrets that are files by the text in them', () => {
    const [creds, seed] = [file('alice.creds', 'JWT and seed'), file('alice.nk', 'SUABC\n')];
    expect(natsAccessOf({ NATS_USER: 'alice', NATS_PASSWORD: 'p' })).toEqual({
      credentials: { user: 'alice', pass: 'p' },
    });
    expect(natsAccessOf({ NATS_TOKEN: 't' })).toEqual({ credentials: { token: 't' } });
    expect(natsAccessOf({ NATS_CREDS: creds })).toEqual({ credentials: { creds: 'JWT and seed' } });
    expect(natsAccessOf({ NATS_NKEY: seed })).toEqual({ credentials: { nkeySeed: 'SUABC' } });
  });

  it('trusts the authority that is named, and shows a certificate only with its key', () => {
    const [ca, cert, key] = [file('ca.pem', 'CA'), file('cert.pem', 'CERT'), file('key.pem', 'KEY')];
    expect(natsAccessOf({ NATS_CA: ca })).toEqual({ tls: { ca: 'CA' } });
    const whole = natsAccessOf({ NATS_CA: ca, NATS_CERT: cert, NATS_KEY: key, NATS_TOKEN: 't' });
    expect(whole).toEqual({ credentials: { token: 't' }, tls: { ca: 'CA', cert: 'CERT', key: 'KEY' } });
    expect(() => natsAccessOf({ NATS_CERT: cert })).toThrow('NATS_CERT and NATS_KEY go together');
  });

  it('is refused where it says two things, half of one, or names what is not there', () => {
    expect(() => natsAccessOf({ NATS_TOKEN: 't', NATS_USER: 'a', NATS_PASSWORD: 'p' })).toThrow('exclude each other');
    expect(() => natsAccessOf({ NATS_USER: 'a' })).toThrow('NATS_USER and NATS_PASSWORD go together');
    expect(() => natsAccessOf({ NATS_CREDS: '/nowhere/x.creds' })).toThrow(
      /NATS_CREDS names \/nowhere\/x\.creds, which cannot be read/,
    );
  });

  it('is in no environment of what a gateway or a balancer starts', () => {
    const environment = { NATS_USER: 'srv_web1', NATS_PASSWORD: 'p', NATS_URL: 'nats://n1', PATH: '/bin' };
    expect(takeNatsAccess(environment)).toEqual({ credentials: { user: 'srv_web1', pass: 'p' } });
    expect(environment).toEqual({ NATS_URL: 'nats://n1', PATH: '/bin' });
  });
});
