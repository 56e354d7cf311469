/**
 * Publishing into streams. The hot path of the log, the feed and the command intake: one publish, one answer parsed
 * by hand, no copy of the library's `js.publish` (five times the cost, measured).
 */
import { assert, Failure } from '../std/failure.ts';
import type { Bus, PublishOutcome } from './bus.ts';
import { type ApiError, apiFailure, libraryFailure, wrongLastSequence } from './failures.ts';
import { type HeaderFields, headersOf } from './headers.ts';
import { isNoResponders, type Link } from './link.ts';

export function store(link: Link, options: Parameters<Bus['store']>[0]): Promise<PublishOutcome> {
  const { subject, data, timeoutMs, expect, contentType } = options;
  return storeWith(link, {
    subject,
    data,
    timeoutMs,
    fields: {
      ...(contentType === undefined ? {} : { contentType }),
      ...(expect?.lastSequence === undefined ? {} : { expectedLastSequence: expect.lastSequence }),
      ...(expect?.lastSubjectSequence === undefined ? {} : { expectedLastSubjectSequence: expect.lastSubjectSequence }),
    },
  });
}

export function storeRun(link: Link, run: Parameters<Bus['storeRun']>[0]): Promise<PublishOutcome> {
  const { messages, lastSequence, timeoutMs } = run;
  const last = messages.length - 1;
  for (const [index, { subject, data }] of messages.slice(0, last).entries()) {
    link.publish({ subject, data, headers: headersOf({ expectedLastSequence: lastSequence + index }) });
  }
  const closing = messages[last];
  assert(closing !== undefined, 'a run holds a message');
  return storeWith(link, { ...closing, timeoutMs, fields: { expectedLastSequence: lastSequence + last } });
}

export interface StoreWithOptions {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly timeoutMs: number;
  readonly fields: HeaderFields;
}

export function storeWith(link: Link, { subject, data, timeoutMs, fields }: StoreWithOptions): Promise<PublishOutcome> {
  return new Promise((resolve, reject) => {
    link.send(
      { subject, data, headers: headersOf(fields) },
      {
        subject,
        timeoutMs,
        onReply(message) {
          // Nobody subscribed means no stream took it: nothing was stored, which the code says.
          if (isNoResponders(message)) return reject(noStream(subject));
          try {
            resolve(parseAck(message.data, subject));
          } catch (error) {
            reject(error);
          }
        },
        onFailure: reject,
      },
    );
  });
}

/**
 * JetStream's answer: `{"stream":"S","seq":12}` with `"duplicate":true` or `"domain":"d"` behind, or `{"error":{…}}`.
 * A stream's name holds no quote, so the first `"seq":` is the field.
 */
export function parseAck(data: Uint8Array, subject: string): PublishOutcome {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
  const at = text.startsWith('{"stream":') ? text.indexOf('"seq":') : -1;
  if (at === -1) return parseRefusal(text, subject);
  const sequence = Number.parseInt(text.slice(at + 6), 10);
  if (!Number.isSafeInteger(sequence) || sequence < 1) return parseRefusal(text, subject);
  return { status: 'stored', sequence, duplicate: text.includes('"duplicate":true', at) };
}

function parseRefusal(text: string, subject: string): PublishOutcome {
  const doing = `storing on ${subject}`;
  let error: ApiError | undefined;
  try {
    error = (JSON.parse(text) as { error?: ApiError }).error;
  } catch (cause) {
    throw libraryFailure(cause, doing);
  }
  if (error === undefined) {
    throw new Failure({ code: 'malformed', retryable: false, message: `${doing}: not an ack: ${text.slice(0, 200)}` });
  }
  if (wrongLastSequence.includes(error.err_code ?? 0)) return { status: 'conflict' };
  throw apiFailure(error, doing);
}

function noStream(subject: string): Failure {
  const message = `storing on ${subject}: no stream takes that subject, or JetStream is not up yet`;
  return new Failure({ code: 'unavailable', retryable: true, message });
}
