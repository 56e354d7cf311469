/** What somebody has moved and not yet saved: who joins, who leaves. Pure; what the fleet does meanwhile is minded. */
import type { ServerView } from '../../../../../schemas/views.ts';
import type { ServersById } from '../../data/servers.ts';

export interface Draft {
  readonly joins: ReadonlySet<string>;
  readonly leaves: ReadonlySet<string>;
}

export const emptyDraft: Draft = { joins: new Set(), leaves: new Set() };

export interface Sides {
  /** Sorted by id, as the fleet's servers are. */
  readonly members: readonly ServerView[];
  readonly available: readonly ServerView[];
}

export function sidesOf(servers: ServersById, group: string, { joins, leaves }: Draft): Sides {
  const members: ServerView[] = [];
  const available: ServerView[] = [];
  for (const server of servers.values()) {
    if (server.group === group) (leaves.has(server.server) ? available : members).push(server);
    else if (server.group === null) (joins.has(server.server) ? members : available).push(server);
  }
  return { members, available };
}

/** These to the other side, wherever they stand: what was moved there and back again is no change. */
export function moved(draft: Draft, ids: Iterable<string>, to: 'members' | 'available', before: BelongsTo): Draft {
  const joins = new Set(draft.joins);
  const leaves = new Set(draft.leaves);
  for (const id of ids) {
    const isMember = before(id);
    if (to === 'members') {
      leaves.delete(id);
      if (!isMember) joins.add(id);
    } else {
      joins.delete(id);
      if (isMember) leaves.add(id);
    }
  }
  return { joins, leaves };
}

/** Whether a server is in the group by the log. */
export type BelongsTo = (id: string) => boolean;

/** Without what has come true, or become impossible, since it was moved. */
export function settled(draft: Draft, servers: ServersById, group: string): Draft {
  const joins = [...draft.joins].filter((id) => servers.get(id)?.group === null);
  const leaves = [...draft.leaves].filter((id) => servers.get(id)?.group === group);
  if (joins.length === draft.joins.size && leaves.length === draft.leaves.size) return draft;
  return { joins: new Set(joins), leaves: new Set(leaves) };
}

export function isEmpty({ joins, leaves }: Draft): boolean {
  return joins.size === 0 && leaves.size === 0;
}
