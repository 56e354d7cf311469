/** Tells a server that is still on its way from one that has tried and could not, or whom nobody waits for. */
import type { GroupStatus } from '../../schemas/group-status.ts';
import type { FleetId, GroupName, Position, ServerId } from '../../schemas/ids.ts';
import type { ServerView } from '../../schemas/views.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import { query } from './queries.ts';

/** Who a group waits for, and why. */
export interface Laggard {
  readonly what: string;
  readonly server?: ServerId | undefined;
  readonly reason: string;
}

interface Asking {
  readonly bus: Bus;
  readonly fleet: FleetId;
}

export interface FailedAtOptions {
  readonly group: string;
  readonly position: Position;
  readonly status: GroupStatus;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A receipt is seen a moment before the log says whether its server goes on trying: an append takes milliseconds, on a
 * slow disk some hundreds. Who looks failed in between is looked at again.
 */
const settleMs = 500;

/**
 * Servers that have given up on this change or a later one: `failed`, and their newest receipt is for it and names what
 * failed. By the receipt's position, not by the status alone: a server that failed at an earlier set may well be at
 * work on this one. Who tries again by itself has not failed yet.
 * Asks only while the group has a failed server; no answer counts as "none yet".
 */
export async function failedAt(asking: Asking, options: FailedAtOptions): Promise<Laggard[]> {
  const { status, position, clock, signal } = options;
  if (status.position < position || (status.counts.failed ?? 0) === 0) return [];
  if ((await failedNow(asking, options)).length === 0) return [];
  await pause({ clock, delayMs: settleMs, ...(signal === undefined ? {} : { signal }) });
  return failedNow(asking, options);
}

async function failedNow(asking: Asking, { group, position }: FailedAtOptions): Promise<Laggard[]> {
  const servers = (await serversOf(asking, { group, atLeast: position })) ?? [];
  return servers
    .filter(
      ({ status, receipt, failures, cordoned, inPool }) =>
        status === 'failed' && receipt !== null && receipt >= position && failures.length > 0 && (inPool || !cordoned),
    )
    .map(({ server, failures }) => ({
      what: `server ${server}`,
      server,
      reason: failures.map(({ project, version, text }) => `${project}@${version}: ${text}`).join('; '),
    }));
}

export interface StrayOptions {
  readonly group: string;
  readonly position: Position;
  /** Who the change is about. */
  readonly servers: readonly string[];
}

/**
 * Those of these servers that are in the group and not in its pool though the group waits for nobody: lost, most
 * likely. One that was cordoned is kept out on purpose. Undefined: nobody answered.
 */
export async function straysAmong(asking: Asking, options: StrayOptions): Promise<Laggard[] | undefined> {
  const wanted = new Set(options.servers);
  if (wanted.size === 0) return [];
  const servers = await serversOf(asking, { group: options.group, atLeast: options.position });
  return servers
    ?.filter(({ server, inPool, cordoned }) => wanted.has(server) && !inPool && !cordoned)
    .map(({ server, status, reason, next }) => ({
      what: `server ${server}`,
      server,
      reason: `${status}: ${[reason, next].filter((text) => text !== '').join('; ')}`,
    }));
}

interface ServersAsked {
  readonly group: string;
  readonly atLeast: Position;
}

/** The group's servers; undefined when nobody answers just now. None of a group that is gone. */
async function serversOf(asking: Asking, { group, atLeast }: ServersAsked): Promise<readonly ServerView[] | undefined> {
  try {
    const ask = { group: group as GroupName };
    const answer = await query(asking, { name: 'servers', ask, options: { atLeast } });
    if (answer.status === 'ok') return answer.data;
    return answer.code === 'unknown-group' ? [] : undefined;
  } catch (caught) {
    if (caught instanceof Failure && caught.retryable) return undefined;
    throw caught;
  }
}
