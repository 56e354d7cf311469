/** Servers: one, some by name, or page by page, since a group may have ten thousand. Only what is shown is computed. */
import { z } from 'zod';
import { ServerStatus } from '../../../schemas/group-status.ts';
import { GroupName, groupIdOf, ServerId } from '../../../schemas/ids.ts';
import { ServerView } from '../../../schemas/views.ts';
import { statusOf } from '../../../src/domain/membership.ts';
import type { FleetState, Server } from '../../../src/domain/state.ts';
import { serverView } from '../../../src/projections/server-view.ts';
import type { Api, App } from '../app.ts';
import { atQuery, headOf, many, one, refusals, tagged } from '../bodies.ts';
import { LimitText, limitDefault } from '../event-query.ts';
import { notFound } from '../problem.ts';

/** Names asked for at once: an address holds some thousands of letters. */
const idsMax = 200;

const ServersQuery = z.strictObject({
  ...atQuery,
  group: GroupName.optional(),
  status: ServerStatus.optional(),
  /** Only those in no group. */
  available: z.enum(['true', 'false']).optional(),
  /** These, with commas between; who is not there is left out. */
  ids: z
    .string()
    .max(idsMax * 64)
    .refine((text) => {
      const ids = text.split(',');
      return ids.length <= idsMax && ids.every((id) => ServerId.safeParse(id).success);
    }, `must be at most ${idsMax} servers, with commas between`)
    .optional(),
  /** What the name contains. */
  q: z.string().max(63).optional(),
  limit: LimitText.optional(),
  /** `next` of the page before. */
  cursor: ServerId.optional(),
});
type ServersQuery = z.output<typeof ServersQuery>;

export function addServers(app: App, { asOf }: Api): void {
  app.get(
    '/v1/servers',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['fleet'],
        summary: 'Servers, by name.',
        querystring: ServersQuery,
        response: { 200: many(ServerView), ...refusals },
      },
    },
    async ({ query }) => {
      const seen = await asOf.at(query.at);
      const { cursor = '', limit = limitDefault } = query;
      const found = serversIn(seen.state, query).filter(({ id }) => id > cursor);
      const page = found.slice(0, limit);
      const items = page.map((server) => serverView(seen.state, seen.observed, server));
      const last = page.at(-1)?.id;
      return { ...headOf(seen), items, ...(found.length > page.length && last !== undefined ? { next: last } : {}) };
    },
  );
  app.get(
    '/v1/servers/:server',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['fleet'],
        summary: 'One server: where it stands and why, what it holds, what happens next.',
        params: z.strictObject({ server: ServerId }),
        querystring: z.strictObject(atQuery),
        response: { 200: one(ServerView), ...refusals },
      },
    },
    async ({ params: { server }, query: { at } }, reply) => {
      const seen = await asOf.at(at);
      const found = seen.state.serverById.get(server);
      if (found === undefined) throw notFound('unknown-server', `there is no server "${server}"`);
      const item = serverView(seen.state, seen.observed, found);
      return { ...tagged(reply, item, seen), item };
    },
  );
}

/** Sorted by name. */
function serversIn(state: FleetState, { group, ids, status, available, q }: ServersQuery): Server[] {
  return [...candidates(state, { group, ids })]
    .filter(
      (server) =>
        (status === undefined || statusOf(server) === status) &&
        (available === undefined || (server.member === null) === (available === 'true')) &&
        (q === undefined || server.id.includes(q.toLowerCase())),
    )
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function candidates(state: FleetState, { group, ids }: Pick<ServersQuery, 'group' | 'ids'>): Iterable<Server> {
  const named = (names: Iterable<string>) =>
    [...new Set(names)].flatMap((id) => state.serverById.get(id as ServerId) ?? []);
  if (group === undefined) return ids === undefined ? state.serverById.values() : named(ids.split(','));
  const found = state.groupById.get(groupIdOf(group));
  if (found === undefined) throw notFound('unknown-group', `there is no group "${group}"`);
  return ids === undefined
    ? named(found.servers)
    : named(ids.split(',').filter((id) => found.servers.has(id as ServerId)));
}
