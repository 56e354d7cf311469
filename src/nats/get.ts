/** Single stored messages: by direct get (any replica, rights by subject) or from the stream's leader. */
import type { Msg } from 'nats';
import { Failure } from '../std/failure.ts';
import { apiFailure, noMessageFound } from './failures.ts';
import type { StoredMessage, StoredQuery } from './bus.ts';
import { ask } from './api.ts';
import { contentTypeOf, readHeaders } from './headers.ts';
import type { Link } from './link.ts';

export interface GetOptions {
  readonly query: StoredQuery;
  readonly from: 'leader' | 'any';
  readonly timeoutMs: number;
}

export function get(link: Link, { query, from, timeoutMs }: GetOptions): Promise<StoredMessage | undefined> {
  return from === 'leader' ? getFromLeader(link, query, timeoutMs) : getDirect(link, query, timeoutMs);
}

const encoder = new TextEncoder();

async function getDirect(link: Link, query: StoredQuery, timeoutMs: number): Promise<StoredMessage | undefined> {
  const base = `$JS.API.DIRECT.GET.${query.stream}`;
  // With the subject in the request's own subject, permissions can grant it message by message.
  const outgoing =
    'lastOf' in query
      ? { subject: `${base}.${query.lastOf}`, data: new Uint8Array(0) }
      : { subject: base, data: encoder.encode(JSON.stringify(bodyOf(query))) };
  const message = await link.ask(outgoing, timeoutMs);
  const headers = readHeaders(message);
  const status = headers?.code ?? 0;
  if (status === 404) return undefined;
  if (status !== 0 || headers === undefined) {
    throw apiFailure({ code: status, description: headers?.description ?? 'no headers' }, outgoing.subject);
  }
  return fromHeaders(message, query.stream);
}

function fromHeaders(message: Msg, stream: string): StoredMessage {
  const headers = readHeaders(message);
  const sequence = Number(headers?.get('Nats-Sequence'));
  const storedAt = Date.parse(headers?.get('Nats-Time-Stamp') ?? '');
  if (!Number.isSafeInteger(sequence) || sequence < 1 || Number.isNaN(storedAt)) {
    throw new Failure({ code: 'malformed', retryable: false, message: `direct get of ${stream}: headers missing` });
  }
  const contentType = contentTypeOf(message);
  return {
    subject: headers?.get('Nats-Subject') ?? '',
    sequence,
    data: message.data,
    storedAt,
    ...(contentType === undefined ? {} : { contentType }),
    pending: 0,
  };
}

interface LeaderAnswer {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    /** Base64, both. Absent where empty. */
    readonly hdrs?: string;
    readonly data?: string;
    readonly time: string;
  };
}

async function getFromLeader(link: Link, query: StoredQuery, timeoutMs: number): Promise<StoredMessage | undefined> {
  const verb = `STREAM.MSG.GET.${query.stream}`;
  const answer = await ask<LeaderAnswer>(link, { verb, body: bodyOf(query), timeoutMs });
  if (answer.status === 'refused') {
    if (answer.error.err_code === noMessageFound) return undefined;
    throw apiFailure(answer.error, verb);
  }
  const { subject, seq, hdrs, data, time } = answer.value.message;
  const header = Buffer.from(hdrs ?? '', 'base64').toString('latin1');
  const contentType = /^content-type:[ \t]*([^\r\n]*)/im.exec(header)?.[1];
  return {
    subject,
    sequence: seq,
    data: new Uint8Array(Buffer.from(data ?? '', 'base64')),
    storedAt: Date.parse(time),
    ...(contentType === undefined ? {} : { contentType }),
    pending: 0,
  };
}

function bodyOf(query: StoredQuery): unknown {
  if ('lastOf' in query) return { last_by_subj: query.lastOf };
  if ('filter' in query) return { seq: Math.max(1, query.from), next_by_subj: query.filter };
  return { seq: query.sequence };
}
