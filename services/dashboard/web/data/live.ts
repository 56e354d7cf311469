/**
 * The stream of everything that happens: one connection a page, which says how it is and heals by itself. What it says
 * is only a reason to read again (data/refresh.ts); the log lines it carries are shown as they come.
 */
import { send } from './api.ts';
import { problemOf, Problem } from './problem.ts';
import { messagesIn } from './sse.ts';
import type { Line, Observed } from './shapes.ts';

export type Connection =
  | { readonly status: 'connecting' }
  | { readonly status: 'live'; readonly bus: 'connected' | 'disconnected'; readonly leader: string | null }
  | { readonly status: 'lost'; readonly since: number; readonly problem: Problem };

export interface LiveHandlers {
  readonly onLine: (line: Line) => void;
  readonly onObserved: (observed: Observed) => void;
  /** After a loss: what happened meanwhile comes as lines, but what was observed does not. */
  readonly onBack: () => void;
}

/** The server speaks every 5 s: two words missed and a little more. */
const silenceMs = 12_000;
const retryMs = { first: 250, longest: 2_000 } as const;

export class Live {
  connection: Connection = { status: 'connecting' };
  /** The newest position heard of; 0 before the first word. */
  position = 0;
  readonly #handlers: LiveHandlers;
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #failures = 0;

  constructor(handlers: LiveHandlers) {
    this.#handlers = handlers;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#follow();
        this.#lose(new Problem({ code: 'closed', status: 0, detail: 'the stream of events ended' }));
      } catch (caught) {
        if (signal.aborted) return;
        this.#lose(problemOf(caught));
      }
      const delayMs = Math.min(retryMs.longest, retryMs.first * 2 ** this.#failures);
      this.#failures += 1;
      await new Promise((resolve) => setTimeout(resolve, delayMs * (0.75 + Math.random() / 2)));
    }
  }

  async #follow(): Promise<void> {
    const silence = new AbortController();
    const heard = () => setTimeout(() => silence.abort(new Error(`nothing heard for ${silenceMs} ms`)), silenceMs);
    let timer = heard();
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (this.position > 0) headers['last-event-id'] = String(this.position);
    try {
      const signal = AbortSignal.any([this.#stop.signal, silence.signal]);
      const response = await send('/v1/events', { method: 'GET', headers }, signal);
      if (response.body === null) throw new Error('an answer without a body');
      for await (const message of messagesIn(response.body)) {
        clearTimeout(timer);
        timer = heard();
        this.#take(message.event, JSON.parse(message.data));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #take(event: string, data: unknown): void {
    switch (event) {
      case 'hello': {
        const wasLost = this.connection.status === 'lost';
        this.#failures = 0;
        if (this.position === 0) this.position = (data as { position: number }).position;
        this.#become({ status: 'live', bus: 'connected', leader: null });
        if (wasLost) this.#handlers.onBack();
        return;
      }
      case 'log': {
        const line = data as Line;
        this.position = Math.max(this.position, line.event.position);
        this.#handlers.onLine(line);
        return;
      }
      case 'observed':
        this.#handlers.onObserved(data as Observed);
        return;
      // The log is another one, or shorter than what this page has seen of it: everything is read anew.
      case 'reset':
        this.position = 0;
        this.#handlers.onBack();
        throw new Error('the log is another one than before');
      case 'beat': {
        const { bus, leader } = data as {
          bus: 'connected' | 'disconnected';
          leader: { instance: string } | null;
        };
        this.#become({ status: 'live', bus, leader: leader?.instance ?? null });
        return;
      }
      default:
        // A later version says more: what is not known here changes nothing.
        return;
    }
  }

  #lose(problem: Problem): void {
    const since = this.connection.status === 'lost' ? this.connection.since : Date.now();
    this.#become({ status: 'lost', since, problem });
  }

  #become(connection: Connection): void {
    const before = this.connection;
    if (JSON.stringify(before) === JSON.stringify(connection)) return;
    this.connection = connection;
    for (const listener of this.#listeners) listener();
  }
}
