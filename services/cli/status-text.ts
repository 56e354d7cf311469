/**
 * Statuses as people read them: a mark before the word, so that a list is taken in at a glance without colours too.
 * ASCII, for terminals and files of any encoding; no letter or digit, so that it is never taken for a word. Pure.
 */
import { type ServerStatus, serverStatuses } from '../../schemas/group-status.ts';
import type { GroupWord } from '../../schemas/group-word.ts';

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
