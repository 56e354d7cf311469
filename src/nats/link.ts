/**
 * One connection of the library, with what it lacks: it knows at once when it is down, fails every request under way
 * when it drops, and gives requests deadlines without a timer each.
 *
 * Promises: a request settles exactly once, by its deadline. Must not know: streams, objects, anything JetStream.
 * Duty of the caller: bytes handed over are not changed before the next turn of the event loop, since the library
 * keeps references until it flushes.
 */
import type { Msg, MsgHdrs, NatsConnection, Status } from 'nats';
import { Events, createInbox } from 'nats';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import { aborted, disconnected, libraryFailure, noResponders, timedOut } from './failures.ts';
import { readHeaders } from './headers.ts';
import { PendingRequests, type Waiting } from './pending.ts';

export type ConnectionStatus = 'connected' | 'disconnected';

export interface Outgoing {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
  readonly reply?: string;
}

export interface LinkOptions {
  readonly connection: NatsConnection;
  readonly principal: string;
  readonly clock: Clock;
}

export class Link {
  readonly principal: string;
  readonly clock: Clock;
  readonly connection: NatsConnection;
  /** Answers to all our requests arrive below this subject, one token each. */
  readonly #inbox: string;
  readonly #pending: PendingRequests<Msg>;
  readonly #listeners = new Set<(status: ConnectionStatus) => void>();
  #status: ConnectionStatus = 'connected';
  #closed = false;

  constructor({ connection, principal, clock }: LinkOptions) {
    this.connection = connection;
    this.principal = principal;
    this.clock = clock;
    this.#pending = new PendingRequests(clock, (late) => timedOut(`request to ${late.subject}`, late.timeoutMs));
    this.#inbox = `${createInbox(inboxPrefix(principal))}.`;
    connection.subscribe(`${this.#inbox}*`, { callback: (error, message) => this.#onReply(error, message) });
    void this.#follow(connection.status());
    void connection.closed().then(() => this.#onClosed());
  }

  get connected(): boolean {
    return this.#status === 'connected' && !this.#closed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Requests under way. */
  get pendingRequests(): number {
    return this.#pending.size;
  }

  /** Publishes at most once; throws while the connection is down, where the library would take it and drop it. */
  publish({ subject, data, headers, reply }: Outgoing): void {
    this.#assertUp(`publish to ${subject}`);
    try {
      if (headers === undefined && reply === undefined) this.connection.publish(subject, data);
      else {
        const fields = { ...(headers === undefined ? {} : { headers }), ...(reply === undefined ? {} : { reply }) };
        this.connection.publish(subject, data, fields);
      }
    } catch (error) {
      throw libraryFailure(error, `publish to ${subject}`);
    }
  }

  /** Sends a request whose answer, of any kind, goes to `waiting`. The hot path: no promise, no timer of its own. */
  send(outgoing: Omit<Outgoing, 'reply'>, waiting: Waiting<Msg>): number {
    this.#assertUp(`request to ${outgoing.subject}`);
    const token = this.#pending.add(waiting);
    try {
      // A fresh record each time: the library writes into the options it is given.
      const reply = this.#inbox + token;
      const { headers } = outgoing;
      this.connection.publish(outgoing.subject, outgoing.data, headers === undefined ? { reply } : { reply, headers });
    } catch (error) {
      this.#pending.take(token);
      throw libraryFailure(error, `request to ${outgoing.subject}`);
    }
    return token;
  }

  /** One answer, or `no-responders`, `timeout`, `disconnected`, `closed`, `aborted`. */
  ask(outgoing: Omit<Outgoing, 'reply'>, timeoutMs: number, signal?: AbortSignal): Promise<Msg> {
    const { subject } = outgoing;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted(`request to ${subject}`));
      const token = this.send(outgoing, {
        subject,
        timeoutMs,
        onReply(message) {
          signal?.removeEventListener('abort', onAbort);
          if (isNoResponders(message)) reject(noResponders(`request to ${subject}`));
          else resolve(message);
        },
        onFailure(failure) {
          signal?.removeEventListener('abort', onAbort);
          reject(failure);
        },
      });
      const onAbort = () => this.#pending.take(token)?.onFailure(aborted(`request to ${subject}`));
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  onConnection(listener: (status: ConnectionStatus) => void): () => void {
    // Wrapped, so that the same function given twice is told twice and removed once.
    const own = (status: ConnectionStatus) => listener(status);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  #assertUp(doing: string): void {
    if (this.#closed) throw new Failure({ code: 'closed', retryable: false, message: `${doing}: the bus is closed` });
    if (this.#status !== 'connected') throw disconnected(doing);
  }

  #onReply(error: Error | null, message: Msg): void {
    // The library tells of a refused inbox subscription this way and then drops it: nothing can be answered any more.
    if (error !== null) return this.#pending.fail(libraryFailure(error, 'subscribing to our own inbox'));
    const token = Number(message.subject.slice(this.#inbox.length));
    this.#pending.take(token)?.onReply(message);
  }

  async #follow(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      if (status.type === Events.Disconnect) this.#become('disconnected');
      else if (status.type === Events.Reconnect) this.#become('connected');
      else if (status.type === Events.Error) this.#onRefused(status);
    }
  }

  /** The library repeats itself, once per failed attempt: listeners hear changes only. */
  #become(status: ConnectionStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    if (status === 'disconnected') this.#pending.fail(disconnected('waiting for an answer'));
    for (const listener of [...this.#listeners]) listener(status);
  }

  /** The server answers a publish that is not permitted only here: without this its request would wait in vain. */
  #onRefused(status: Status): void {
    const refused = status.permissionContext;
    if (refused?.operation !== 'publish') return;
    const message = `the server does not permit ${this.principal} to publish to ${refused.subject}`;
    this.#pending.fail(new Failure({ code: 'not-permitted', retryable: false, message }), refused.subject);
  }

  #onClosed(): void {
    this.#closed = true;
    this.#pending.fail(new Failure({ code: 'closed', retryable: false, message: 'the bus was closed' }));
    this.#become('disconnected');
    this.#listeners.clear();
  }
}

/** The prefix a principal may subscribe below; nobody else's permissions reach it. */
export function inboxPrefix(principal: string): string {
  return `_INBOX_${principal}`;
}

/** NATS's own answer where nobody is subscribed: a status line and no body. */
export function isNoResponders(message: Msg): boolean {
  return message.data.length === 0 && readHeaders(message)?.code === 503;
}
