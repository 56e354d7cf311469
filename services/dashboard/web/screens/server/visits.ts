/** Which statuses a server has been in, and by which event it came to each: read from its own lines of the log. Pure. */
import type { Event } from '../../../../../schemas/events.ts';
import type { ServerStatus } from '../../../../../schemas/group-status.ts';
import type { Line } from '../../data/shapes.ts';

export interface Visit {
  readonly status: ServerStatus | 'gone';
  readonly position: number;
  readonly at: number;
  readonly text: string;
}

/** Oldest first; the same status twice in a row is one visit. Lines come newest first. */
export function visitsOf(lines: readonly Line[], server: string): readonly Visit[] {
  const visits: Visit[] = [];
  let before: Before = { server, isInPool: false, isCordoned: false };
  for (const { event, text } of lines.toReversed()) {
    const status = statusBy(event, before);
    before = after(event, before);
    if (status === null || visits.at(-1)?.status === status) continue;
    visits.push({ status, position: event.position, at: event.at, text });
  }
  return visits;
}

interface Before {
  readonly server: string;
  /** A server in the pool that is cordoned, tries again or was held by the floor goes on as it was. */
  readonly isInPool: boolean;
  /** Once out of the pool it stays out, whatever it proves. */
  readonly isCordoned: boolean;
}

/** What the event makes of the server's status; null where it leaves it as it is. */
function statusBy({ type, data }: Event, { server, isInPool, isCordoned }: Before): Visit['status'] | null {
  const entering = isInPool ? 'ready' : 'syncing';
  switch (type) {
    case 'group.servers-set':
      if (data.joined.some((id) => id === server)) return 'syncing';
      return data.leaving.some((id) => id === server) ? 'draining' : null;
    case 'server.registered':
      return 'available';
    case 'server.joined':
      return 'syncing';
    case 'server.uncordoned':
    case 'server.retried':
      return entering;
    case 'server.returned':
      return data.group === null ? 'available' : entering;
    case 'server.ready':
      return isCordoned && !isInPool ? 'cordoned' : 'ready';
    case 'server.sync-failed':
      return data.final ? 'failed' : 'retrying';
    case 'server.leaving':
    case 'server.moving':
    case 'server.retiring':
    case 'server.draining':
      return 'draining';
    case 'server.replacing':
      return data.by === server ? 'syncing' : null;
    case 'server.replaced':
      return data.server === server ? 'draining' : null;
    case 'server.left':
      return data.next.to === 'group' ? 'syncing' : data.next.to === 'retired' ? 'gone' : 'available';
    case 'server.cordoned':
      return isInPool ? null : 'cordoned';
    case 'server.drained':
      return 'cordoned';
    case 'server.lost':
      return 'lost';
    case 'server.retired':
      return 'gone';
    default:
      return null;
  }
}

function after({ type, data }: Event, before: Before): Before {
  const { isInPool, isCordoned } = before;
  switch (type) {
    case 'server.ready':
      return { ...before, isInPool: isInPool || !isCordoned };
    case 'server.lost':
      return { ...before, isInPool: isInPool && data.held };
    case 'server.cordoned':
      return { ...before, isCordoned: true };
    case 'server.drained':
      return { ...before, isInPool: false, isCordoned: true };
    case 'server.uncordoned':
      return { ...before, isCordoned: false };
    case 'server.left':
    case 'server.registered':
    case 'server.retired':
      return { ...before, isInPool: false, isCordoned: false };
    default:
      return before;
  }
}
