/** Whether what is waited for is a rollout, and how it stands: a version is in traffic once its rollout has succeeded. */
import type { FleetId, GroupName, Position } from '../../schemas/ids.ts';
import type { RolloutView } from '../../schemas/views.ts';
import type { Bus } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import type { Laggard } from './failed-servers.ts';
import { query } from './queries.ts';

export interface RolloutAsked {
  readonly group: string;
  readonly position: Position;
  /** Milliseconds an answer may take. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export type RolloutStanding =
  | { readonly status: 'no-rollout' | 'under-way' }
  /** `ended`: its position. What it did to the pool is in traffic once that is. */
  | { readonly status: 'succeeded'; readonly ended: Position }
  /** It goes no further by itself, or has gone back. */
  | { readonly status: 'failed'; readonly laggard: Laggard };

/** Of the rollout requested at this position; undefined: nobody answers just now. */
export async function rolloutStanding(asking: Asking, asked: RolloutAsked): Promise<RolloutStanding | undefined> {
  const found = await findRollout(asking, asked);
  return found === undefined ? undefined : standingOf(found ?? undefined);
}

interface Asking {
  readonly bus: Bus;
  readonly fleet: FleetId;
}

/** The rollout requested at this position; null: the group knows none; undefined: nobody answers just now. */
export async function findRollout(
  asking: Asking,
  { group, position, timeoutMs, signal }: RolloutAsked,
): Promise<RolloutView | null | undefined> {
  try {
    const ask = { group: group as GroupName, rollout: position };
    const options = { atLeast: position, timeoutMs, ...(signal === undefined ? {} : { signal }) };
    const answer = await query(asking, { name: 'rollouts', ask, options });
    if (answer.status === 'ok') return answer.data[0] ?? null;
    return answer.code === 'unknown-group' ? null : undefined;
  } catch (caught) {
    if (caught instanceof Failure && caught.retryable) return undefined;
    throw caught;
  }
}

function standingOf(view: RolloutView | undefined): RolloutStanding {
  if (view === undefined) return { status: 'no-rollout' };
  const { rollout, status, reason, ended, progress } = view;
  // Without a server there is nothing to wait for: who joins first proves it.
  if (progress?.members === 0) return { status: 'no-rollout' };
  switch (status) {
    case 'succeeded':
      return { status: 'succeeded', ended: ended ?? rollout };
    case 'running':
    case 'paused':
    case 'rolling-back':
      return { status: 'under-way' };
    default:
      return { status: 'failed', laggard: { what: `rollout ${rollout}`, reason: `${status}: ${reason}` } };
  }
}
