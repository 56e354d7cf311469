/** NATS headers as bytes. The library's own writer costs more than the rest of a publish (measured), so not on our path. */
import type { Msg, MsgHdrs } from 'nats';
import { Match } from 'nats';
import { assert } from '../std/failure.ts';

export interface HeaderFields {
  readonly expectedLastSequence?: number;
  readonly expectedLastSubjectSequence?: number;
  readonly contentType?: string;
  /** Replaces everything stored before under the message's subject. */
  readonly rollupSubject?: boolean;
}

/**
 * Undefined where no field is set: a message without a header block is the cheapest.
 * The library asks a header object it publishes for nothing but `encode()`.
 */
export function headersOf(fields: HeaderFields): MsgHdrs | undefined {
  let text = '';
  if (fields.expectedLastSequence !== undefined) {
    text += `Nats-Expected-Last-Sequence: ${fields.expectedLastSequence}\r\n`;
  }
  if (fields.expectedLastSubjectSequence !== undefined) {
    text += `Nats-Expected-Last-Subject-Sequence: ${fields.expectedLastSubjectSequence}\r\n`;
  }
  if (fields.contentType !== undefined) {
    assert(/^[\x20-\x7e]+$/.test(fields.contentType), 'a content type is one line of printable ASCII');
    text += `Content-Type: ${fields.contentType}\r\n`;
  }
  if (fields.rollupSubject === true) text += 'Nats-Rollup: sub\r\n';
  if (text === '') return undefined;
  const bytes = Buffer.from(`NATS/1.0\r\n${text}\r\n`, 'latin1');
  return { encode: () => bytes } as unknown as MsgHdrs;
}

/** Undefined also where they are none: no server looks at what a client calls headers, and the library throws. */
export function readHeaders(message: Msg): MsgHdrs | undefined {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}

/** Header names differ in case between writers, and the library's `get` minds it unless told not to. */
export function contentTypeOf(message: Msg): string | undefined {
  return readHeaders(message)?.get('Content-Type', Match.IgnoreCase) || undefined;
}
