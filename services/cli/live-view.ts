/**
 * Lines of a terminal that are painted over, at most so many times a second; nothing on anything but a terminal, where
 * whoever tells shows plain lines instead. Duty of the caller: `close()`, which leaves the last lines standing, or `clear()`.
 */
import { stripVTControlCharacters } from 'node:util';

/** Enough for the eye, little enough for a slow connection. */
const paintIntervalMs = 200;

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): boolean;
}

export class LiveView {
  readonly #terminal: Terminal;
  readonly #render: () => readonly string[];
  #paintedLines = 0;
  #paintedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** `render` gives the lines as they are now: time alone changes them too, so they are painted again each second. */
  constructor(terminal: Terminal, render: () => readonly string[]) {
    this.#terminal = terminal;
    this.#render = render;
  }

  static isFor({ isTTY }: Pick<Terminal, 'isTTY'>): boolean {
    return isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** Something has changed: shows it as soon as the rate permits. */
  touch(): void {
    const dueInMs = this.#paintedAt + paintIntervalMs - performance.now();
    if (dueInMs <= 0) this.#paint();
    else this.#paintIn(dueInMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#paintedLines > 0) this.#paint();
    clearTimeout(this.#timer);
  }

  /** Leaves nothing: what was shown is told elsewhere. */
  clear(): void {
    clearTimeout(this.#timer);
    if (this.#paintedLines > 0) this.#terminal.write(this.#erased);
    this.#paintedLines = 0;
  }

  /** Takes away what was painted. */
  get #erased(): string {
    const back = this.#paintedLines === 0 ? '' : `\u001b[${this.#paintedLines}A`;
    return `${back}\r\u001b[0J`;
  }

  #paintIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#paint(), ms);
  }

  #paint(): void {
    // One that does not know its size says 0.
    const columns = this.#terminal.columns || 80;
    const rows = this.#terminal.rows || 24;
    // A line that wraps, or one past the top, could not be painted over.
    const lines = this.#render()
      .slice(0, rows - 1)
      .map((line) => clipped(line, columns));
    this.#terminal.write(`${this.#erased}${lines.join('\n')}\n`);
    this.#paintedLines = lines.length;
    this.#paintedAt = performance.now();
    this.#paintIn(1_000);
  }
}

/** Colours are dropped from a line too long, rather than cut through. */
function clipped(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length < columns ? line : `${plain.slice(0, columns - 2)}…`;
}
