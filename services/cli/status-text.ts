/**
 * Statuses as people read them: a mark before the word, so that a list is taken in at a glance without colours too.
 * ASCII, for terminals and files of any encoding; no letter or digit, so that it is never taken for a word. Pure.
 */
import { type ServerStatus, serverStatuses } from '../../schemas/group-status.ts';
import type { GroupView } from '../../schemas/views.ts';

/** One word for how a group stands. */
export type GroupWord = 'held' | 'failed' | 'lost' | 'retrying' | 'syncing' | 'draining' | 'in traffic' | 'empty';

const markByWord: { readonly [W in ServerStatus | GroupWord | 'live']: string } = {
  ready: '+',
  live: '+',
  'in traffic': '+',
  available: '-',
  empty: '-',
  syncing: '>',
  retrying: '~',
  cordoned: '|',
  draining: '<',
  lost: '?',
  held: '#',
  failed: '!',
};

export function marked(word: keyof typeof markByWord): string {
  return `${markByWord[word]} ${word}`;
}

/** `3 ready, 1 failed`: what is there, in the order of a server's life. */
export function countsText(servers: readonly { readonly status: ServerStatus }[]): string {
  return serverStatuses
    .map((status) => ({ status, count: servers.filter((server) => server.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(', ');
}

/** What needs people most in a group comes first. */
export function groupWord({ status, servers }: Pick<GroupView, 'status' | 'servers'>): GroupWord {
  const has = (wanted: ServerStatus) => servers.some((server) => server.status === wanted);
  if (status !== null && status.held !== null) return 'held';
  if (has('failed')) return 'failed';
  if (has('lost')) return 'lost';
  if (has('retrying')) return 'retrying';
  const isBehind = status !== null && Math.min(status.servers, status.pool, status.balancers) < status.desired;
  // A drain holds the stage `servers` back as well: it is told as what it is.
  if (has('draining') && !has('syncing')) return 'draining';
  if (isBehind || has('syncing')) return 'syncing';
  return servers.length === 0 ? 'empty' : 'in traffic';
}
