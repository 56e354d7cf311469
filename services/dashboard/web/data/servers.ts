/**
 * Every server of the fleet by its id: read whole once, page by page, and then only those that changed. Screens take
 * their parts of it, so that two of them never disagree.
 */
import type { ServerView } from '../../../../schemas/views.ts';
import { read } from './api.ts';
import type { Many } from './shapes.ts';

export type ServersById = ReadonlyMap<string, ServerView>;

/** As many as the API gives at a time. */
const pageMax = 1_000;
/** As many as the API takes by name; more are read as a whole. */
export const namedMax = 200;

export async function readServers(at: number | null, signal: AbortSignal): Promise<ServersById> {
  const byId = new Map<string, ServerView>();
  let cursor: string | undefined;
  do {
    const page: Many<ServerView> = await read('/v1/servers', { query: { at, limit: pageMax, cursor }, signal });
    for (const server of page.items) byId.set(server.server, server);
    cursor = page.next;
  } while (cursor !== undefined);
  return byId;
}

/** The same with these read anew, by id as before; who is not there any more is gone. */
export async function rereadServers(byId: ServersById, ids: readonly string[]): Promise<ServersById> {
  const { items } = await read<Many<ServerView>>('/v1/servers', { query: { ids: ids.join(','), limit: namedMax } });
  const next = new Map(byId);
  const there = new Set<string>(items.map(({ server }) => server));
  for (const id of ids) if (!there.has(id)) next.delete(id);
  // Who was there keeps its place: only somebody new makes it necessary to put them in order.
  for (const server of items) next.set(server.server, server);
  const isNew = items.some(({ server }) => !byId.has(server));
  return isNew ? new Map([...next].sort(([a], [b]) => (a < b ? -1 : 1))) : next;
}
