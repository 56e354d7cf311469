/** A server's way to traffic, step by step, from what the log and the last receipts say of it. Pure. */
import type { PoolView, ServerView } from '../../../../../schemas/views.ts';

export type StepLook = 'done' | 'doing' | 'failed' | 'waiting';

export interface WayStep {
  readonly name: string;
  readonly look: StepLook;
  /** What stands beside the mark: `2 of 3`. */
  readonly note: string;
}

/** What a server's newest receipt says it holds, and when the pool took it in. */
export type Told = ServerView & {
  readonly held?: readonly { readonly project: string; readonly version: string }[] | null;
  readonly admittedAt?: number | null;
};

export const wayNames = ['Joined', 'Bundles', 'Applied', 'Healthy', 'In the pool', 'Balancers'] as const;

export function wayOf(server: Told, pool: PoolView | undefined): readonly WayStep[] {
  const held = heldOf(server);
  const wanted = server.desired.length;
  const isWhole = held >= wanted && server.receipt !== null;
  const isFailing = server.failures.length > 0;
  const isAway = server.status === 'lost';
  const isApplied = isWhole && !isFailing;
  const isIn = server.inPool && server.status !== 'draining';
  const { confirmed, balancers } = confirmedBy(server, pool);
  const looks: readonly StepLook[] = [
    'done',
    isWhole ? 'done' : isFailing ? 'failed' : 'doing',
    isApplied ? 'done' : isFailing ? 'failed' : isWhole ? 'doing' : 'waiting',
    isAway ? 'failed' : isApplied ? 'done' : 'waiting',
    isIn ? 'done' : server.inPool ? 'doing' : isApplied && !server.cordoned ? 'doing' : 'waiting',
    isIn && balancers > 0 && confirmed === balancers ? 'done' : isIn ? 'doing' : 'waiting',
  ];
  const notes = [
    '',
    `${held} of ${wanted}`,
    '',
    '',
    server.inPool && !isIn ? 'draining' : '',
    balancers === 0 ? 'none' : `${confirmed} of ${balancers}`,
  ];
  return wayNames.map((name, step) => ({ name, look: looks[step] ?? 'waiting', note: notes[step] ?? '' }));
}

/** Bundles it should hold and holds, by its newest receipt. */
function heldOf({ desired, held, inPool, receipt }: Told): number {
  if (held == null) return inPool && receipt !== null ? desired.length : 0;
  const versionBy = new Map(held.map(({ project, version }) => [project, version]));
  return desired.filter(({ project, version }) => versionBy.get(project) === version).length;
}

/** Balancers of the group that have confirmed a pool with this server in it. */
function confirmedBy({ admittedAt, inPool }: Told, pool: PoolView | undefined) {
  const balancers = pool?.balancers ?? [];
  if (!inPool || admittedAt == null) return { confirmed: 0, balancers: balancers.length };
  const confirmed = balancers.filter(({ applied }) => applied !== null && applied >= admittedAt).length;
  return { confirmed, balancers: balancers.length };
}
