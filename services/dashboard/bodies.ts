/** What answers are wrapped in, and what every question about the fleet may carry. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { At, Position } from '../../schemas/ids.ts';
import { InstantText } from './event-query.ts';
import { ProblemBody } from './problem.ts';
import type { Seen } from './as-of.ts';

const head = {
  /** The position it is true for. */
  position: Position,
  /** Of the past only: when that position was written, milliseconds since the epoch. */
  at: At.optional(),
};

export function one<T extends z.ZodType>(item: T) {
  return z.object({ ...head, item });
}

export function many<T extends z.ZodType>(item: T) {
  return z.object({ ...head, items: z.array(item), next: z.string().optional() });
}

/** `at`: a position, a time or how long ago. Left out: now. */
export const atQuery = { at: InstantText.optional() };

const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: ProblemBody } },
});

/** What any route may end in beside its answer. */
export const refusals = {
  400: refusal('The request is not of the right form.'),
  401: refusal('Nobody we know asks.'),
  403: refusal('Who asks may not do this.'),
  404: refusal('What it is about is not there.'),
  429: refusal('Too many requests.'),
  503: refusal('Not now: no log read yet, or NATS is away.'),
} as const;

export const timedOut = refusal('No answer in time.');

export const commandRefusals = {
  ...refusals,
  409: refusal('It stands against how the fleet is now.'),
  412: refusal('What it changes is not as it was seen: If-Match.'),
  413: refusal('Too large.'),
  415: refusal('Not JSON.'),
  504: refusal('No outcome in time: it may still take effect, and the same Idempotency-Key makes a repeat safe.'),
} as const;

/** A line a time (NDJSON), written as it comes about; with the last line everything was said. */
export function lines<T extends z.ZodType>(line: T, description: string) {
  return { description, content: { [linesType]: { schema: z.union([line, EveryLine]) } } };
}

export const linesType = 'application/x-ndjson';

const EveryLine = z.union([
  /** Nothing new for a while: milliseconds since the epoch. */
  z.strictObject({ beat: At }),
  /** It ended in the midst of it; what was told before stands. */
  z.strictObject({ problem: ProblemBody }),
]);

export function headOf({ position, at }: Seen): { position: number; at?: number } {
  return { position, ...(at === undefined ? {} : { at }) };
}

/** The head, and `changedAt` as the ETag that `If-Match` takes. */
export function tagged(reply: FastifyReply, { changedAt }: { readonly changedAt: number }, seen: Seen) {
  reply.header('etag', `"${changedAt}"`);
  return headOf(seen);
}
