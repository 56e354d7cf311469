/**
 * An answer that takes long, told line by line as it comes about (NDJSON). What fails before the first line is refused
 * as anywhere else; what fails later is the last line. Bounded in time, and over when whoever asked has gone or takes
 * nothing more. A HEAD is answered without the work: there is nothing to tell.
 */
import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock, Timer } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { linesType } from './bodies.ts';
import { problemOf } from './errors.ts';
import { untilGone } from './until-gone.ts';

/** Whoever stands between us and who asked takes a connection for dead that says nothing for a minute. */
const beatMs = 10_000;

/** A reader that takes nothing for so long is gone, or as good as; few may ask at a time, and others wait for its place. */
const stalledMaxMs = 30_000;

export interface AnswerLinesOptions {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
}

export interface Telling {
  /** Fires when whoever asked has gone, or time is up. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for the next: one that reads slowly is waited for. */
  tell(line: object): Promise<void>;
}

/** `work` tells its lines; what it returns is the last. */
export async function answerLines(
  options: AnswerLinesOptions,
  work: (telling: Telling) => Promise<object>,
): Promise<void> {
  const { request, reply, clock, logger, timeoutMs } = options;
  const gone = untilGone(reply);
  const stop = new AbortController();
  let isLate = false;
  const timer = clock.after(timeoutMs, () => {
    isLate = true;
    stop.abort();
  });
  gone.addEventListener('abort', () => stop.abort(), { once: true });
  const open = new OpenAnswer(reply, clock, stop.signal);
  try {
    if (request.method === 'HEAD') open.begin();
    else await open.tell(await work({ signal: stop.signal, tell: (line) => open.tell(line) }));
  } catch (caught) {
    const late = `not done within ${timeoutMs / 1_000} s`;
    const error = isLate ? new Failure({ code: 'timeout', retryable: true, message: late, cause: caught }) : caught;
    if (!open.isBegun) throw error;
    if (!reply.raw.destroyed) open.last({ problem: problemOf(error, request, logger).body });
  } finally {
    timer.cancel();
    open.end();
  }
}

class OpenAnswer {
  readonly #reply: FastifyReply;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #beat: Timer | undefined;

  constructor(reply: FastifyReply, clock: Clock, signal: AbortSignal) {
    this.#reply = reply;
    this.#clock = clock;
    this.#signal = signal;
  }

  get isBegun(): boolean {
    return this.#beat !== undefined;
  }

  async tell(line: object): Promise<void> {
    this.begin();
    if (this.#write(line)) return;
    const { raw } = this.#reply;
    const stalled = this.#clock.after(stalledMaxMs, () => raw.destroy());
    try {
      await once(raw, 'drain', { signal: this.#signal });
    } finally {
      stalled.cancel();
    }
  }

  last(line: object): void {
    this.#write(line);
  }

  end(): void {
    this.#beat?.cancel();
    if (this.isBegun) this.#reply.raw.end();
  }

  begin(): void {
    if (this.isBegun) return;
    const { raw } = this.#reply;
    for (const [name, value] of Object.entries(this.#reply.getHeaders()))
      if (value !== undefined) raw.setHeader(name, value);
    raw.writeHead(200, { 'content-type': linesType, 'x-accel-buffering': 'no' });
    this.#reply.hijack();
    raw.socket?.setTimeout(0);
    this.#awaitBeat();
  }

  #awaitBeat(): void {
    this.#beat?.cancel();
    this.#beat = this.#clock.after(beatMs, () => {
      this.#write({ beat: this.#clock.now() });
    });
  }

  #write(line: object): boolean {
    this.#awaitBeat();
    return this.#reply.raw.write(`${JSON.stringify(line)}\n`);
  }
}
