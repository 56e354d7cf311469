/**
 * Who this process is to NATS, and whom it takes for NATS: from the environment, under the names the `nats` command
 * knows. Never from the command line, which every user of the machine can read.
 */
import { readFileSync } from 'node:fs';
import type { NatsAccess } from '../../schemas/nats-access.ts';
import { Failure } from '../../src/std/failure.ts';

/** Throws `config-invalid` where the variables contradict each other, or one names a file that cannot be read. */
export function natsAccessOf(environment: NodeJS.ProcessEnv): NatsAccess {
  const ways = [userAndPassword, token, creds, nkey].flatMap((way) => way(environment) ?? []);
  const [credentials] = ways;
  if (ways.length > 1) throw invalid('NATS_USER, NATS_TOKEN, NATS_CREDS and NATS_NKEY exclude each other: set one');
  const tls = {
    ...fileOf(environment, 'NATS_CA', 'ca'),
    ...fileOf(environment, 'NATS_CERT', 'cert'),
    ...fileOf(environment, 'NATS_KEY', 'key'),
  };
  if ('cert' in tls !== 'key' in tls) throw invalid('NATS_CERT and NATS_KEY go together: set both');
  return { ...(credentials === undefined ? {} : { credentials }), ...(Object.keys(tls).length === 0 ? {} : { tls }) };
}

/**
 * The same for a process that starts others, such as a gateway or a balancer: those are nobody to NATS, so that what it was
 * told is in no environment of theirs, where an application that fails may print it.
 */
export function takeNatsAccess(environment: NodeJS.ProcessEnv): NatsAccess {
  const access = natsAccessOf(environment);
  for (const variable of ['NATS_USER', 'NATS_PASSWORD', 'NATS_TOKEN', 'NATS_CREDS', 'NATS_NKEY']) {
    delete environment[variable];
  }
  return access;
}

type Way = (environment: NodeJS.ProcessEnv) => NonNullable<NatsAccess['credentials']> | undefined;

const userAndPassword: Way = ({ NATS_USER: user, NATS_PASSWORD: pass }) => {
  if (!user && !pass) return undefined;
  if (!user || !pass) throw invalid('NATS_USER and NATS_PASSWORD go together: set both');
  return { user, pass };
};

const token: Way = ({ NATS_TOKEN }) => (NATS_TOKEN ? { token: NATS_TOKEN } : undefined);

const creds: Way = (environment) => {
  const found = fileOf(environment, 'NATS_CREDS', 'creds');
  return 'creds' in found ? found : undefined;
};

const nkey: Way = (environment) => {
  const found = fileOf(environment, 'NATS_NKEY', 'nkeySeed');
  return 'nkeySeed' in found ? { nkeySeed: found.nkeySeed.trim() } : undefined;
};

/** The text of the file that the variable names, under that key; nothing where it is not set. */
function fileOf<K extends string>(
  environment: NodeJS.ProcessEnv,
  variable: string,
  key: K,
): { readonly [key in K]: string } | Record<never, never> {
  const path = environment[variable];
  if (!path) return {};
  try {
    return { [key]: readFileSync(path, 'utf8') } as { [key in K]: string };
  } catch (cause) {
    throw invalid(`${variable} names ${path}, which cannot be read: ${(cause as Error).message}`, cause);
  }
}

function invalid(message: string, cause?: unknown): Failure {
  return new Failure({ code: 'config-invalid', retryable: false, message, ...(cause === undefined ? {} : { cause }) });
}
