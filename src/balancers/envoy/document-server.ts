/**
 * Documents over REST xDS: plain proto3 JSON on a unix socket, which Envoy asks again and again. A question whose asker
 * has the newest is held until there is another, so a change takes milliseconds and silence costs nothing.
 *
 * Never says "nothing": a document that was not given yet is no answer, and Envoy stays with what it has.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { chmod, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock, Timer } from '../../std/clock.ts';
import { Failure } from '../../std/failure.ts';
import { type Document, endpointsNameOf } from './config-file.ts';
import type { Documents } from './documents.ts';

/** Shorter than Envoy's own patience (`askTimeout` in bootstrap.ts). */
const holdMs = 10_000;
/** Envoy's description of itself comes with each question: some 100 kB. */
const questionBytesMax = 4 * 1024 * 1024;
/** Two and one a group; past it a question is answered at once. */
const heldMax = 10_000;

/** `envoy.service.discovery.v3.DiscoveryRequest`, as far as we look. */
const Question = z.object({
  version_info: z.string().default(''),
  resource_names: z.array(z.string()).default([]),
  error_detail: z.object({ message: z.string().default('refused without a word') }).optional(),
});
type Question = z.infer<typeof Question>;

interface Entry {
  readonly current: Document | undefined;
  readonly before: Document | undefined;
  /** What Envoy said when it refused the current one. */
  readonly refusal?: string;
}

interface Held {
  readonly name: string;
  readonly release: () => void;
}

export class DocumentServer implements Documents {
  readonly #socketPath: string;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #entryByName = new Map<string, Entry>();
  readonly #held = new Set<Held>();

  constructor({ socketPath, clock }: { readonly socketPath: string; readonly clock: Clock }) {
    this.#socketPath = socketPath;
    this.#clock = clock;
    this.#server = createServer((incoming, outgoing) => this.#receive(incoming, outgoing));
  }

  async open(): Promise<void> {
    // Left by one that was killed; one instance a data directory is the caller's duty.
    await rm(this.#socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(Failure.from(error, { code: 'unavailable', retryable: true, message: this.#socketPath }));
      });
      this.#server.listen(this.#socketPath, resolve);
    });
    await chmod(this.#socketPath, 0o600);
  }

  async give(document: Document): Promise<void> {
    const { current, before } = this.#entryByName.get(document.name) ?? {};
    const same = current?.version === document.version;
    this.#set(document.name, { current: document, before: same ? before : current });
  }

  keep(document: Document): void {
    const current = this.#entryByName.get(document.name)?.current;
    if (current?.version !== document.version) this.#set(document.name, { current: document, before: current });
  }

  async takeBack({ name }: Document): Promise<void> {
    this.#set(name, { current: this.#entryByName.get(name)?.before, before: undefined });
  }

  async forget(name: string): Promise<void> {
    this.#entryByName.delete(name);
  }

  refusalOf({ name, version }: Document): string | undefined {
    const entry = this.#entryByName.get(name);
    return entry?.current?.version === version ? entry.refusal : undefined;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const held of this.#held) held.release();
    this.#server.closeAllConnections();
    await closed;
  }

  #set(name: string, entry: Entry): void {
    this.#entryByName.set(name, entry);
    for (const held of this.#held) if (held.name === name) held.release();
  }

  #receive(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > questionBytesMax) incoming.destroy();
    });
    // Whoever goes away while asking asks again.
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    incoming.on('end', () => {
      const question = incoming.method === 'POST' ? questionOf(Buffer.concat(chunks)) : undefined;
      if (question === undefined) return void outgoing.writeHead(400).end();
      const name = nameOf(incoming.url, question);
      if (name === undefined) return void outgoing.writeHead(404).end();
      this.#hear(name, question);
      if (this.#hasNews(name, question) || this.#held.size >= heldMax) this.#answer(name, question, outgoing);
      else this.#hold(name, question, outgoing);
    });
  }

  /** Takes down a refusal, where the asker tells of one; it holds another version than the one it was given. */
  #hear(name: string, { version_info: version, error_detail: error }: Question): void {
    const entry = this.#entryByName.get(name);
    if (error === undefined || entry?.current === undefined || entry.current.version === version) return;
    this.#entryByName.set(name, { ...entry, refusal: error.message });
  }

  /** What was refused is not offered again. */
  #hasNews(name: string, { version_info: version }: Question): boolean {
    const entry = this.#entryByName.get(name);
    return entry?.current !== undefined && entry.current.version !== version && entry.refusal === undefined;
  }

  #hold(name: string, question: Question, outgoing: ServerResponse): void {
    let timer: Timer | undefined;
    const forget = () => {
      timer?.cancel();
      this.#held.delete(held);
    };
    const release = () => {
      forget();
      this.#answer(name, question, outgoing);
    };
    const held: Held = { name, release };
    this.#held.add(held);
    timer = this.#clock.after(holdMs, release);
    outgoing.on('close', forget);
  }

  #answer(name: string, question: Question, outgoing: ServerResponse): void {
    const current = this.#entryByName.get(name)?.current;
    if (current === undefined) outgoing.writeHead(503).end();
    else if (!this.#hasNews(name, question)) outgoing.writeHead(304).end();
    else outgoing.writeHead(200, { 'content-type': 'application/json' }).end(current.text);
  }
}

function questionOf(body: Buffer): Question | undefined {
  try {
    return Question.parse(JSON.parse(body.toString('utf8')));
  } catch {
    // Answered 400, and seen in Envoy's counts of failed updates.
    return undefined;
  }
}

/** Envoy asks for the endpoints of one cluster at a time. */
function nameOf(url: string | undefined, { resource_names: names }: Question): string | undefined {
  switch (url) {
    case '/v3/discovery:clusters':
      return 'clusters';
    case '/v3/discovery:listeners':
      return 'listeners';
    case '/v3/discovery:endpoints':
      return names.length === 1 && names[0] !== undefined ? endpointsNameOf(names[0]) : undefined;
    default:
      return undefined;
  }
}
