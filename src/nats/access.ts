/** `NatsAccess` in the library's terms. */
import { type Authenticator, type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from 'nats';
import type { NatsAccess } from '../../schemas/nats-access.ts';
import { Failure } from '../std/failure.ts';

const encoder = new TextEncoder();

/** Throws `config-invalid` where what was given cannot be a key. */
export function accessOptions({ credentials, tls }: NatsAccess): ConnectionOptions {
  return { ...proofOf(credentials), ...(tls === undefined ? {} : { tls }) };
}

function proofOf(credentials: NatsAccess['credentials']): ConnectionOptions {
  if (credentials === undefined) return {};
  if ('creds' in credentials) return proving(credsAuthenticator(encoder.encode(credentials.creds)));
  if ('nkeySeed' in credentials) return proving(nkeyAuthenticator(encoder.encode(credentials.nkeySeed)));
  return credentials;
}

/** Tried here, since the library would only find out while it connects, and take it for a server that is away. */
function proving(authenticator: Authenticator): ConnectionOptions {
  try {
    authenticator('any nonce');
  } catch (cause) {
    const message = 'the NATS credentials hold no key to prove oneself with';
    throw new Failure({ code: 'config-invalid', retryable: false, message, cause });
  }
  return { authenticator };
}

/** An address is shown in logs, in errors and to every user of the machine. */
export function refuseSecretsIn(addresses: readonly string[]): void {
  if (!addresses.some((address) => address.includes('@'))) return;
  const message = 'a NATS address holds no user and no password: give them as NATS_USER and NATS_PASSWORD';
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}
