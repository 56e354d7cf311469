/** What is wrong that only a person can mend: kept by name until it is over, told in the log once, and to who asks. */
import type { Logger } from '../telemetry/logger.ts';

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
