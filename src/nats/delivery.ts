/**
 * A message as a consumer delivers it. What it is beside its bytes stands in the subject its ack would go to:
 * `$JS.ACK.STREAM.CONSUMER.attempts.sequence.delivery.time.pending`, on some servers with domain and account before the
 * stream and a random token at the end (nats-server ADR-15). Logs are read by the hundred thousand messages: the numbers are
 * read in place, and what hardly anybody asks for is made for whoever does.
 */
import type { Msg } from 'nats';
import type { StoredMessage } from './bus.ts';
import { contentTypeOf } from './headers.ts';

const dot = 0x2e;
const zero = 0x30;
const tokensPlain = 9;
/** Of `$JS.ACK.STREAM.CONSUMER.`, and with domain and account. */
const [dotsPlain, dotsLong] = [4, 6];

/** Whether this is where a delivery would be acknowledged: not so of what the server says about a pull. */
export function isAckSubject(reply: string | undefined): reply is string {
  return reply?.startsWith('$JS.ACK.') ?? false;
}

/** Where the numbers begin: at the same place in all that one consumer delivers. */
export function numbersIn(ackSubject: string): number {
  return behindDots(ackSubject, 0, ackSubject.split('.').length === tokensPlain ? dotsPlain : dotsLong);
}

export class Delivery implements StoredMessage {
  readonly data: Uint8Array;
  readonly sequence: number;
  /** Its number among the consumer's deliveries, from 1. */
  readonly number: number;
  readonly pending: number;
  readonly #message: Msg;
  readonly #ackSubject: string;
  readonly #timeAt: number;

  /** `numbersAt`: see `numbersIn`. */
  constructor(message: Msg, ackSubject: string, numbersAt: number) {
    this.#message = message;
    this.#ackSubject = ackSubject;
    this.data = message.data;
    const sequenceAt = behindDots(ackSubject, numbersAt, 1);
    this.sequence = numberAt(ackSubject, sequenceAt);
    const numberedAt = behindDots(ackSubject, sequenceAt, 1);
    this.number = numberAt(ackSubject, numberedAt);
    this.#timeAt = behindDots(ackSubject, numberedAt, 1);
    this.pending = numberAt(ackSubject, behindDots(ackSubject, this.#timeAt, 1));
  }

  get subject(): string {
    return this.#message.subject;
  }

  get storedAt(): number {
    const dotAt = behindDots(this.#ackSubject, this.#timeAt, 1) - 1;
    // Nanoseconds are past 2^53: the last six digits go before the number is read.
    return Number(this.#ackSubject.slice(this.#timeAt, dotAt - 6));
  }

  get contentType(): string | undefined {
    return contentTypeOf(this.#message);
  }
}

function behindDots(text: string, from: number, count: number): number {
  let at = from;
  for (let left = count; left > 0 && at < text.length; at += 1) if (text.charCodeAt(at) === dot) left -= 1;
  return at;
}

/** Up to the next dot, or the end. */
function numberAt(text: string, from: number): number {
  let value = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === dot) break;
    value = value * 10 + (code - zero);
  }
  return value;
}
