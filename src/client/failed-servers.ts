/** Tells a server that is still on its way from one that has tried and could not. */
import type { GroupStatus } from '../../schemas/group-status.ts';
import type { FleetId, GroupName, Position, ServerId } from '../../schemas/ids.ts';
import type { Bus } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import { query } from './queries.ts';

/** Who a group waits for, and why. */
export interface Laggard {
  readonly what: string;
  readonly server?: ServerId | undefined;
  readonly reason: string;
}

export interface FailedAtOptions {
  readonly group: string;
  readonly position: Position;
  readonly status: GroupStatus;
}

/**
 * Servers whose newest receipt is for this change or a later one and names what failed. By the receipt's position,
 * not by the status alone: a server that failed at an earlier set may well be at work on this one.
 * Asks only while the group waits for a server; no answer counts as "none yet".
 */
export async function failedAt(
  { bus, fleet }: { readonly bus: Bus; readonly fleet: FleetId },
  { group, position, status }: FailedAtOptions,
): Promise<Laggard[]> {
  const behind = status.position >= position && status.servers < position;
  if (!behind || !status.laggards.some(({ server }) => server !== undefined)) return [];
  try {
    const answer = await query({ bus, fleet }, { name: 'servers', ask: { group: group as GroupName } });
    if (answer.status === 'error') return [];
    return answer.data
      .filter(({ receipt, failures }) => receipt !== null && receipt >= position && failures.length > 0)
      .map(({ server, failures }) => ({
        what: `server ${server}`,
        server,
        reason: failures.map(({ project, version, text }) => `${project}@${version}: ${text}`).join('; '),
      }));
  } catch (caught) {
    if (caught instanceof Failure && caught.retryable) return [];
    throw caught;
  }
}
