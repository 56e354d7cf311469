/** A server's way to traffic, step by step, from what the log and the last receipts say of it. Pure. */
import type { PoolView, ServerView } from '../../../../../schemas/views.ts';

export type StepLook = 'done' | 'doing' | 'failed' | 'waiting' | 'untold';

export interface WayStep {
  readonly name: string;
  readonly look: StepLook;
  /** What stands beside the mark: `2 of 3`. */
  readonly note: string;
}

export const wayNames = ['Joined', 'Bundles', 'Applied', 'Healthy', 'In the pool', 'Balancers'] as const;

export interface WayOptions {
  readonly pool: PoolView | undefined;
  /** Receipts are not in the log: what was only observed is untold there. */
  readonly isPast: boolean;
}

export function wayOf(server: ServerView, { pool, isPast }: WayOptions): readonly WayStep[] {
  const steps = isPast ? pastSteps(server) : presentSteps(server, pool);
  return wayNames.map((name, step) => ({ name, ...(steps[step] ?? { look: 'waiting', note: '' }) }));
}

type Step = Omit<WayStep, 'name'>;

function presentSteps(server: ServerView, pool: PoolView | undefined): readonly Step[] {
  const { sync } = server;
  const wanted = server.desired.length;
  // While it brings itself up to date its heartbeats count bundle by bundle; what it holds is what its receipt says.
  const held = sync === null ? heldOf(server) : Math.min(sync.bundles, wanted);
  const isWhole = sync === null && held >= wanted && server.receipt !== null;
  const isFailing = server.failures.length > 0;
  const isApplied = isWhole && !isFailing;
  const { confirmed, balancers } = confirmedBy(server, pool);
  const isIn = server.inPool && server.status !== 'draining';
  return [
    { look: 'done', note: '' },
    { look: isWhole ? 'done' : isFailing ? 'failed' : 'doing', note: `${held} of ${wanted}` },
    { look: isApplied ? 'done' : isFailing ? 'failed' : isWhole ? 'doing' : 'waiting', note: '' },
    { look: server.status === 'lost' ? 'failed' : isApplied ? 'done' : 'waiting', note: '' },
    poolStep(server, isApplied),
    {
      look: isIn && balancers > 0 && confirmed === balancers ? 'done' : isIn ? 'doing' : 'waiting',
      note: balancers === 0 ? 'none' : `${confirmed} of ${balancers}`,
    },
  ];
}

/** `server.ready` is in the log, and proves all that comes before it. */
function pastSteps(server: ServerView): readonly Step[] {
  const isFailing = server.failures.length > 0;
  const proven: Step = { look: server.inPool && !isFailing ? 'done' : isFailing ? 'failed' : 'untold', note: '' };
  return [
    { look: 'done', note: '' },
    proven,
    proven,
    server.status === 'lost' ? { look: 'failed', note: '' } : proven,
    poolStep(server, false),
    { look: 'untold', note: '' },
  ];
}

function poolStep({ inPool, status, cordoned }: ServerView, isApplied: boolean): Step {
  if (inPool) return status === 'draining' ? { look: 'doing', note: 'drains' } : { look: 'done', note: '' };
  return { look: isApplied && !cordoned ? 'doing' : 'waiting', note: '' };
}

/** Bundles it should hold and holds, by its newest receipt. */
function heldOf({ desired, held }: ServerView): number {
  if (held === null) return 0;
  const versionBy = new Map<string, string>(held.map(({ project, version }) => [project, version]));
  return desired.filter(({ project, version }) => versionBy.get(project) === version).length;
}

/** Balancers of the group that have confirmed a pool with this server in it. */
function confirmedBy({ admittedAt, inPool }: ServerView, pool: PoolView | undefined) {
  const balancers = pool?.balancers ?? [];
  if (!inPool || admittedAt === null) return { confirmed: 0, balancers: balancers.length };
  const confirmed = balancers.filter(({ applied }) => applied !== null && applied >= admittedAt).length;
  return { confirmed, balancers: balancers.length };
}
