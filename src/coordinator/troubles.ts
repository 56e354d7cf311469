/** What is wrong that only a person can mend: kept by name until it is over, told in the log once, and to who asks. */
import type { StreamStatus } from '../nats/bus.ts';
import type { Logger } from '../telemetry/logger.ts';
import { logFilledShare } from './timing.ts';

export type TroubleName = 'log-behind-snapshot-broken' | 'log-filling' | 'no-room';

export class Troubles {
  readonly #logger: Logger;
  readonly #textByName = new Map<TroubleName, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** One sentence each, with what to do. */
  get texts(): readonly string[] {
    return [...this.#textByName.values()];
  }

  raise(name: TroubleName, text: string): void {
    if (!this.#textByName.has(name)) this.#logger.error({ trouble: name, reason: text }, 'trouble');
    this.#textByName.set(name, text);
  }

  clear(name: TroubleName): void {
    if (this.#textByName.delete(name)) this.#logger.info({ trouble: name }, 'trouble is over');
  }
}

/** A log that fills is told of while there is time to act. */
export function noteFilling(troubles: Troubles, log: string, { bytes, maxBytes }: StreamStatus): void {
  if (maxBytes <= 0 || bytes <= maxBytes * logFilledShare) return troubles.clear('log-filling');
  const what = `${log} has used ${Math.floor((bytes / maxBytes) * 100)} % of the ${maxBytes} bytes it may take`;
  troubles.raise('log-filling', `${what}; raise its limit before it is full: muster coordinator resize log`);
}
