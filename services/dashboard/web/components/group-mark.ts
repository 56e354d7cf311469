/** One word for how a group stands: what needs people most comes first. The same words as the command line's. Pure. */
import type { ServerStatus } from '../../../../schemas/group-status.ts';
import type { GroupView } from '../../../../schemas/views.ts';
import type { Mark } from './status.ts';

type GroupMark = Extract<
  Mark,
  'held' | 'failed' | 'lost' | 'retrying' | 'syncing' | 'draining' | 'in traffic' | 'empty'
>;

/** `isPast`: what was only observed, such as what balancers confirmed, is not in the log, and nobody is behind for it. */
export function groupMark({ status, servers }: Pick<GroupView, 'status' | 'servers'>, isPast: boolean): GroupMark {
  const has = (wanted: ServerStatus) => servers.some((server) => server.status === wanted);
  if (status !== null && status.held !== null) return 'held';
  if (has('failed')) return 'failed';
  if (has('lost')) return 'lost';
  if (has('retrying')) return 'retrying';
  const isBehind =
    !isPast && status !== null && Math.min(status.servers, status.pool, status.balancers) < status.desired;
  if (has('draining') && !has('syncing')) return 'draining';
  if (isBehind || has('syncing')) return 'syncing';
  return servers.length === 0 ? 'empty' : 'in traffic';
}
