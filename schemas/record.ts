/**
 * One JetStream message of LOG: all events decided since the last append, and what proves its place in the chain.
 * A record without events is a barrier, or moves the watermark alone.
 */
import { z } from 'zod';
import { Event } from './events.ts';
import { LogId, Position, Term } from './ids.ts';

/** An encoded record at most: the stream's message limit. */
export const recordBytesMax = 512 * 1024;
/** An encoded event at most; past it the event becomes a rejection `too-large` in its place. */
export const eventBytesMax = 384 * 1024;
/** Events in one record at most: bounds what one ack settles at once, well past where more gains speed. */
export const recordEventsMax = 1_000;

/** How far COMMANDS has been consumed, duplicates included: read in order from there, exactly once. */
export const Watermark = z.object({
  /** COMMANDS' identity: when the stream was created, as the server writes it. */
  stream: z.string(),
  /** The last sequence consumed; 0: none yet. */
  sequence: z.int().min(0),
  /** SHA-256 of that message's bytes, hex; empty when the sequence is 0. */
  hash: z.string(),
});
export type Watermark = z.infer<typeof Watermark>;

export const Record = z.object({
  format: z.literal(1),
  log: LogId,
  term: Term,
  /** The writer's instance id, new at each process start, and its count of records: tells one's own from another's. */
  writer: z.string(),
  counter: z.int().min(1),
  /** The position of the first event; the next position to come when there is none. */
  first: Position,
  /** The sequence of the record stored before this one, 0 for the first, and SHA-256 of its stored bytes. */
  previousSequence: z.int().min(0),
  previousHash: z.instanceof(Uint8Array),
  watermark: Watermark,
  events: z.array(Event).max(recordEventsMax),
});
export type Record = z.infer<typeof Record>;
