/** What every balancer with a program of its own is given alike, and what holds where nothing is said. */
import { join } from 'node:path';
import type { Address } from '../../schemas/ids.ts';
import type { Clock } from '../std/clock.ts';
import { ListenBook } from './listen-book.ts';

export interface ProgramOptions {
  /** Configuration, sockets, log and the ports remembered. Absolute. */
  readonly dataDirectory: string;
  readonly clock: Clock;
  /** Default: named as the kind, on the PATH. */
  readonly binary?: string;
  /** Addresses by group; the others get one from `host` and `basePort`. */
  readonly listen?: Readonly<Record<string, Address>>;
  readonly host?: string;
  readonly basePort?: number;
  /** False: somebody else starts the program on our file. */
  readonly startProcess?: boolean;
}

/** Loopback, as everything Muster starts by default. */
const hostDefault = '127.0.0.1';
/** The port people try first for HTTP without being root. */
const basePortDefault = 8_080;

export function listenBookOf({
  dataDirectory,
  listen: given = {},
  host = hostDefault,
  basePort = basePortDefault,
}: Pick<ProgramOptions, 'dataDirectory' | 'listen' | 'host' | 'basePort'>): ListenBook {
  return new ListenBook({ path: join(dataDirectory, 'listen.json'), given, host, basePort });
}
