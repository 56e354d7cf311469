/** The log as rooms see it: a constant message, the data in fields named as in the types. Pino stands behind it. */
import { pino } from 'pino';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: object): Logger;
}

/** Lines of JSON on standard error. `MUSTER_LOG_LEVEL`: debug, info, warn, error or silent; info by default. */
export function createLogger(process: string): Logger {
  const level = globalThis.process.env['MUSTER_LOG_LEVEL'] ?? 'info';
  return pino({ level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}

export const silentLogger: Logger = pino({ level: 'silent' });
