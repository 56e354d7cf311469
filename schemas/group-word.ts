/** One word for how a group stands, the same in every terminal and on every screen. Pure. */
import type { ServerStatus } from './group-status.ts';
import type { GroupView } from './views.ts';

export type GroupWord = 'held' | 'failed' | 'lost' | 'retrying' | 'syncing' | 'draining' | 'in traffic' | 'empty';

export interface GroupWordOptions {
  /** What was only observed, such as what balancers confirmed, is not in the log: of the past nobody is behind for it. */
  readonly isPast?: boolean;
}

/** What needs people most in a group comes first. */
export function groupWord(
  { status, servers }: Pick<GroupView, 'status' | 'servers'>,
  { isPast = false }: GroupWordOptions = {},
): GroupWord {
  const has = (wanted: ServerStatus) => servers.some((server) => server.status === wanted);
  if (status !== null && status.held !== null) return 'held';
  if (has('failed')) return 'failed';
  if (has('lost')) return 'lost';
  if (has('retrying')) return 'retrying';
  const isBehind =
    !isPast && status !== null && Math.min(status.servers, status.pool, status.balancers) < status.desired;
  // A drain holds the stage `servers` back as well: it is told as what it is.
  if (has('draining') && !has('syncing')) return 'draining';
  if (isBehind || has('syncing')) return 'syncing';
  return servers.length === 0 ? 'empty' : 'in traffic';
}
