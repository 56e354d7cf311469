/** Whom a command speaks to, and as whom: from options, the environment, and what `muster up` wrote beside its data. */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Principal } from '../../schemas/ids.ts';
import { Failure } from '../../src/std/failure.ts';

export interface GlobalOptions {
  readonly nats?: string;
  readonly fleet: string;
  readonly as?: string;
  readonly output: OutputFormat;
  /** Commander's name for `--no-color`. */
  readonly color: boolean;
}
export type OutputFormat = 'table' | 'json' | 'yaml';

export const natsUrlDefault = 'nats://127.0.0.1:4222';
/** Where `muster up` writes the address of the bus it runs on, below the folder it was started in. */
export const natsFile = join('.muster', 'run', 'nats.json');

export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
}

/** Of this process. */
export function surroundings(): Surroundings {
  return { environment: process.env, folder: process.cwd() };
}

/** `--nats`, then `NATS_URL`, then the running `up` of this folder, then NATS's own default. */
export function natsUrlOf(options: Pick<GlobalOptions, 'nats'>, { environment, folder }: Surroundings): string {
  return options.nats || environment['NATS_URL'] || urlOfUp(folder) || natsUrlDefault;
}

/**
 * `--as`, then `MUSTER_PRINCIPAL`, then who one is to NATS, then who is logged in, made one subject token. Throws
 * `config-invalid` where the first of them that is given is none.
 */
export function principalOf(
  { as }: Pick<GlobalOptions, 'as'>,
  { environment }: Pick<Surroundings, 'environment'>,
): Principal {
  const { MUSTER_PRINCIPAL, NATS_USER } = environment;
  const [given] = Object.entries({ '--as': as, MUSTER_PRINCIPAL, NATS_USER }).filter(([, name]) => name);
  if (given === undefined) return Principal.parse(tokenOf(userName()));
  const [where, name] = given;
  const parsed = Principal.safeParse(name);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues[0]?.message;
  const message = `${where} is "${name}", and who asks ${why}; say who asks by --as or MUSTER_PRINCIPAL`;
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}

/** A name as a subject token that no server, balancer or the system itself speaks under. */
export function tokenOf(name: string): string {
  const token = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 60);
  if (token === '') return 'operator';
  return token === 'system' || /^(srv|bal)_/.test(token) ? `user-${token}` : token;
}

function urlOfUp(folder: string): string | undefined {
  try {
    const { url } = JSON.parse(readFileSync(join(folder, natsFile), 'utf8')) as { url?: unknown };
    return typeof url === 'string' ? url : undefined;
  } catch {
    // No `up` was ever started here, or it is writing just now: the next source answers.
    return undefined;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in containers.
    return 'operator';
  }
}
