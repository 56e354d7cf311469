/**
 * One ephemeral pull consumer, from its creation until it breaks. It never heals itself: whoever owns it makes a new
 * one from the next sequence, on a new inbox, so that nothing late from an old one can arrive.
 */
import { type Msg, createInbox, nuid } from 'nats';
import type { Timer } from '../std/clock.ts';
import type { StoredMessage } from './bus.ts';
import { apiTimeoutMs, ask, demand } from './api.ts';
import { Delivery, isAckSubject, numbersIn } from './delivery.ts';
import { readHeaders } from './headers.ts';
import { inboxPrefix, type Link } from './link.ts';

/** What has been delivered and not yet read: read on every refill, so its owner keeps it current. */
export interface Backlog {
  readonly messages: number;
  readonly bytes: number;
}

export interface PullerOptions {
  readonly stream: string;
  readonly fromSequence: number;
  readonly filter?: string | undefined;
  readonly backlog: Backlog;
  readonly onMessage: (message: StoredMessage) => void;
  /** Once, with the reason. Nothing is delivered afterwards. */
  readonly onBroken: (reason: string) => void;
}

/** Asked for ahead of the reader. Measured: 100 halves the rate, more than 10,000 brings nothing. */
const messagesAheadMax = 10_000;
/** At most this much of one pull is on the wire: above every message we store, below the server's 64 MB for slow clients. */
const bytesPerPullMax = 16 * 1024 * 1024;
/** A pull is renewed this often when nothing comes. */
const pullExpiresMs = 30_000;
/** The server proves each second that our pull still waits with it. */
const heartbeatMs = 1_000;
/** Three heartbeats missed: the consumer is gone, whatever the connection says. */
const silenceMaxMs = 3_000;
/** The server removes a consumer nobody pulls from: those we could not delete ourselves. */
const inactiveMs = 60_000;
const nanosPerMs = 1_000_000;

export class Puller {
  readonly #link: Link;
  readonly #options: PullerOptions;
  readonly #name = nuid.next();
  readonly #inbox: string;
  #unsubscribe: () => void = () => undefined;
  #watchdog: Timer | undefined;
  #broken = false;
  /** Messages pulled for and not yet here. */
  #outstanding = 0;
  /** The consumer numbers its deliveries from 1: a gap means that one got lost. */
  #delivered = 0;
  /** See `numbersIn`. */
  #numbersAt: number | undefined;
  #heardAt: number;

  constructor(link: Link, options: PullerOptions) {
    this.#link = link;
    this.#options = options;
    this.#inbox = createInbox(inboxPrefix(link.principal));
    this.#heardAt = link.clock.monotonic();
  }

  /** Creates the consumer and pulls. Throws what the API refuses with; nothing is left behind then. */
  async start(signal: AbortSignal): Promise<void> {
    const { stream, fromSequence, filter } = this.#options;
    const verb = `CONSUMER.CREATE.${stream}.${this.#name}${filter === undefined ? '' : `.${filter}`}`;
    const config = {
      name: this.#name,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: Math.max(1, fromSequence),
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: inactiveMs * nanosPerMs,
      num_replicas: 1,
      mem_storage: true,
      // One subject as a string: 2.9 takes a list without a word and then delivers nothing.
      ...(filter === undefined ? {} : { filter_subject: filter }),
    };
    await demand(this.#link, { verb, body: { stream_name: stream, config }, timeoutMs: apiTimeoutMs, signal });
    const callback = (error: Error | null, message: Msg) => {
      if (error !== null) this.break('the subscription was refused');
      else this.#onMessage(message);
    };
    const subscription = this.#link.connection.subscribe(this.#inbox, { callback });
    this.#unsubscribe = () => subscription.unsubscribe();
    this.#heardAt = this.#link.clock.monotonic();
    this.#watch();
    this.refill();
  }

  /** Pulls again once half of what may be ahead is used up. Cheap enough to be called for every message read. */
  refill(): void {
    const { backlog } = this.#options;
    const batch = messagesAheadMax - this.#outstanding - backlog.messages;
    if (batch < messagesAheadMax / 2 || backlog.bytes > bytesPerPullMax || this.#broken || !this.#link.connected)
      return;
    // With nothing outstanding silence was no sign: the watch starts anew.
    if (this.#outstanding === 0) this.#heardAt = this.#link.clock.monotonic();
    this.#outstanding += batch;
    const body = {
      batch,
      max_bytes: bytesPerPullMax,
      expires: pullExpiresMs * nanosPerMs,
      idle_heartbeat: heartbeatMs * nanosPerMs,
    };
    this.#link.publish({
      subject: `$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${this.#name}`,
      data: Buffer.from(JSON.stringify(body)),
      reply: this.#inbox,
    });
  }

  break(reason: string): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#watchdog?.cancel();
    this.#unsubscribe();
    this.#options.onBroken(reason);
  }

  /** Ends it. The consumer is removed if that can be done now; nobody waits for it, and the server does it otherwise. */
  stop(): void {
    this.break('stopped');
    if (!this.#link.connected) return;
    const verb = `CONSUMER.DELETE.${this.#options.stream}.${this.#name}`;
    // Its own inactivity threshold is the answer to every failure here.
    ask(this.#link, { verb, timeoutMs: apiTimeoutMs }).catch(() => undefined);
  }

  #watch(): void {
    this.#watchdog = this.#link.clock.after(heartbeatMs, () => {
      const silentMs = this.#link.clock.monotonic() - this.#heardAt;
      if (this.#outstanding > 0 && silentMs > silenceMaxMs) this.break(`silent for ${Math.round(silentMs)} ms`);
      else this.#watch();
    });
  }

  #onMessage(message: Msg): void {
    if (this.#broken) return;
    this.#heardAt = this.#link.clock.monotonic();
    const { reply } = message;
    if (!isAckSubject(reply)) return this.#onStatus(message);
    this.#numbersAt ??= numbersIn(reply);
    const delivery = new Delivery(message, reply, this.#numbersAt);
    this.#delivered += 1;
    if (delivery.number !== this.#delivered) return this.break('a delivery is missing');
    this.#outstanding = Math.max(0, this.#outstanding - 1);
    this.#options.onMessage(delivery);
  }

  /** 100: heartbeat. 408 and 409 with a count: this pull has ended, that much of it unused. Anything else: it is over. */
  #onStatus(message: Msg): void {
    const headers = readHeaders(message);
    const code = headers?.code ?? 0;
    if (code === 100) return;
    const unused = headers?.get('Nats-Pending-Messages') ?? '';
    if ((code === 408 || code === 409) && unused !== '') {
      this.#outstanding = Math.max(0, this.#outstanding - Number(unused));
      // The owner refills when it reads on; when it has nothing to read, nobody else would.
      return this.refill();
    }
    this.break(`status ${code}`);
  }
}
