/** The page's one cache and one stream of events, joined: what the stream says happened is read again. */
import { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { addLine } from './lines.ts';
import { Live, type Connection } from './live.ts';
import { Problem } from './problem.ts';
import { Refresh } from './refresh.ts';

/** Nothing grows old by itself: the stream says when something is to be read again. */
export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // A server that is away is asked again by itself; what it refuses is refused.
      retry: (failures, caught) => isAway(caught) && failures < 60,
      retryDelay: (failures) => Math.min(2_000, 250 * 2 ** failures),
      // What was read stays on the screen while the connection is lost, under a banner that says so.
      networkMode: 'always',
    },
  },
});

const refresh = new Refresh(client);
const live = new Live({
  onLine(line) {
    addLine(line);
    refresh.line(line);
  },
  onObserved: (observed) => refresh.observed(observed),
  onBack: () => refresh.everything(),
});

export function startLive(): void {
  live.start();
}

export function useConnection(): Connection {
  return useSyncExternalStore(live.subscribe, () => live.connection);
}

function isAway(caught: unknown): boolean {
  return caught instanceof Problem && (caught.status === 0 || caught.status === 502 || caught.status === 503);
}
