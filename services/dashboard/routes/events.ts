/** The log: in pages, or as a stream of server-sent events for whoever accepts one. */
import { z } from 'zod';
import { At, Position } from '../../../schemas/ids.ts';
import type { Api, App } from '../app.ts';
import { atQuery, headOf, refusals } from '../bodies.ts';
import { eventPage } from '../event-page.ts';
import { eventFilterQuery, filterOf, LimitText, limitDefault, PositionText } from '../event-query.ts';
import { ToldEvent, toldEvent } from '../told-event.ts';

const EventsQuery = z.strictObject({
  ...atQuery,
  ...eventFilterQuery,
  /** Of a page: newest first, or oldest first. */
  order: z.enum(['asc', 'desc']).optional(),
  limit: LimitText.optional(),
  cursor: PositionText.optional(),
  /** Positions, both included. A stream begins with `from`. */
  from: PositionText.optional(),
  to: PositionText.optional(),
});
const EventsPage = z.object({
  position: Position,
  at: At.optional(),
  items: z.array(ToldEvent),
  /** A page may hold few, or none, and still have one: it is bounded in what it looks through. */
  next: z.string().optional(),
});

const pageTimeoutMs = 30_000;

export function addEvents(app: App, { asOf, follower, streams, clock }: Api): void {
  app.get(
    '/v1/events',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['history'],
        summary: 'What happened; with Accept: text/event-stream, what happens.',
        description:
          'A stream tells `hello`, then `log` for every event (its id is the position: resume with Last-Event-ID), `observed` ' +
          'when what is observed of groups, servers or balancers has changed, `beat` every 5 s, and `reset` when all of it is void.',
        querystring: EventsQuery,
        headers: z.object({ 'last-event-id': PositionText.optional() }),
        response: {
          200: {
            description: 'A page of events, or the stream.',
            content: { 'application/json': { schema: EventsPage }, 'text/event-stream': { schema: z.string() } },
          },
          ...refusals,
        },
      },
    },
    async ({ query, headers, raw }, reply) => {
      const seen = await asOf.at(query.at);
      const { position } = seen;
      const filter = filterOf(query, clock.now());
      if (query.at === undefined && raw.headers.accept?.includes('text/event-stream')) {
        // Nobody would read it, and it would not end.
        if (raw.method === 'HEAD') return reply.type('text/event-stream; charset=utf-8').send('' as never);
        streams.requireRoom();
        const asked = headers['last-event-id'] === undefined ? query.from : headers['last-event-id'] + 1;
        const from = Math.min(Math.max(1, asked ?? position + 1), position + 1);
        for (const [name, value] of Object.entries(reply.getHeaders()))
          if (value !== undefined) reply.raw.setHeader(name, value);
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
        reply.hijack();
        // A listener stays for hours: the time limits of a request are not for it.
        reply.raw.socket?.setTimeout(0);
        reply.raw.socket?.setNoDelay(true);
        return streams.open({ response: reply.raw, filter, from });
      }
      const { order = 'desc', limit = limitDefault, cursor, from = 1 } = query;
      // As it was then: it ended there.
      const to = Math.min(query.to ?? position, position);
      const signal = AbortSignal.timeout(pageTimeoutMs);
      const page = await eventPage({ follower, order, filter, from, to, cursor, limit, signal });
      const next = page.next === undefined ? {} : { next: String(page.next) };
      return reply.send({ ...headOf(seen), items: page.events.map(toldEvent), ...next });
    },
  );
}
