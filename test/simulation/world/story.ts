/**
 * What happened, for people, and what must not have. Lines are kept only where they will be read: a seed that fails is
 * run again with them, which tells the same story.
 */
import { textOf } from '../../../src/std/failure.ts';
import type { Logger } from '../../../src/telemetry/logger.ts';

/** The last ones are what explains a failure. */
const linesMax = 5_000;

export class Story {
  readonly isTold: boolean;
  readonly lines: string[] = [];
  /** The first thing that must not be: it ends the story. */
  failure: string | undefined;
  #now: () => number = () => 0;

  constructor({ isTold }: { readonly isTold: boolean }) {
    this.isTold = isTold;
  }

  begin(now: () => number): void {
    this.#now = now;
  }

  tell(who: string, what: string, fields?: object): void {
    if (!this.isTold) return;
    const detail = fields === undefined ? '' : ` ${detailOf(fields)}`;
    this.lines.push(`${(this.#now() / 1_000).toFixed(4).padStart(9)} s  ${who.padEnd(16)} ${what}${detail}`);
    if (this.lines.length > linesMax) this.lines.shift();
  }

  fail(why: string): void {
    this.failure ??= why;
    this.tell('ORACLE', why);
  }

  loggerOf(name: string): Logger {
    if (!this.isTold) return quiet;
    const tell = (level: string) => (fields: object, message: string) => this.tell(name, `${level}${message}`, fields);
    const logger: Logger = {
      debug: tell('. '),
      info: tell('- '),
      warn: tell('! '),
      error: tell('# '),
      child: () => logger,
    };
    return logger;
  }
}

const nothing = () => undefined;
const quiet: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => quiet };

function detailOf(fields: object): string {
  const plain = Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? textOf(value) : value]);
  return JSON.stringify(Object.fromEntries(plain)).slice(0, 400);
}
