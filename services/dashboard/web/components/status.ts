/**
 * What a status looks like: a colour and a shape of its own, so that either alone tells it. Shapes are path data in a
 * box of 16, drawn by SVG and canvas alike.
 */
import type { ServerStatus } from '../../../../schemas/group-status.ts';

/** Statuses of servers, and the words for how a group or a rollout stands. */
export type Mark =
  | ServerStatus
  | 'held'
  | 'in traffic'
  | 'empty'
  | 'live'
  | 'running'
  | 'paused'
  | 'halted'
  | 'rolling-back'
  | 'succeeded'
  | 'rolled-back'
  | 'superseded'
  | 'withdrawn';

/** In the order of a server's life. Typed against the contract, so that a new status does not compile without a shape. */
export const serverStatuses = [
  'ready',
  'syncing',
  'retrying',
  'failed',
  'lost',
  'draining',
  'cordoned',
  'available',
] as const satisfies readonly ServerStatus[];

const shape = {
  square: 'M2 3.5A1.5 1.5 0 0 1 3.5 2h9A1.5 1.5 0 0 1 14 3.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 12.5z',
  hollow:
    'M2 3.5A1.5 1.5 0 0 1 3.5 2h9A1.5 1.5 0 0 1 14 3.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 12.5zM4 4v8h8V4z',
  up: 'M8 1.5 15 14H1z',
  down: 'M8 14.5 1 2h14z',
  diamond: 'M8 .8 15.2 8 8 15.2.8 8z',
  bars: 'M2.5 2h4v12h-4zM9.5 2h4v12h-4z',
  ring: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 2.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.8z',
  cross: 'M3.6 1.2 8 5.6l4.4-4.4 2.4 2.4L10.4 8l4.4 4.4-2.4 2.4L8 10.4l-4.4 4.4-2.4-2.4L5.6 8 1.2 3.6z',
  boxed:
    'M2 3.5A1.5 1.5 0 0 1 3.5 2h9A1.5 1.5 0 0 1 14 3.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 12.5zM3.7 3.7v8.6h8.6V3.7zM6 6h4v4H6z',
} as const;

export interface Look {
  readonly path: string;
  /** The token of its colour, without `--`. */
  readonly colour: string;
}

export const lookByMark: { readonly [M in Mark]: Look } = {
  available: { path: shape.hollow, colour: 'status-available' },
  empty: { path: shape.hollow, colour: 'status-available' },
  withdrawn: { path: shape.hollow, colour: 'status-available' },
  superseded: { path: shape.hollow, colour: 'status-available' },
  syncing: { path: shape.up, colour: 'status-syncing' },
  running: { path: shape.up, colour: 'status-syncing' },
  retrying: { path: shape.diamond, colour: 'status-retrying' },
  halted: { path: shape.diamond, colour: 'status-retrying' },
  ready: { path: shape.square, colour: 'status-ready' },
  live: { path: shape.square, colour: 'status-ready' },
  'in traffic': { path: shape.square, colour: 'status-ready' },
  succeeded: { path: shape.square, colour: 'status-ready' },
  cordoned: { path: shape.bars, colour: 'status-cordoned' },
  paused: { path: shape.bars, colour: 'status-cordoned' },
  draining: { path: shape.down, colour: 'status-draining' },
  'rolling-back': { path: shape.down, colour: 'status-draining' },
  'rolled-back': { path: shape.down, colour: 'status-draining' },
  lost: { path: shape.ring, colour: 'status-lost' },
  held: { path: shape.boxed, colour: 'status-lost' },
  failed: { path: shape.cross, colour: 'status-failed' },
};

/** `3 ready, 1 failed`: what is there, troubles included. */
export function countsOf(statuses: Iterable<ServerStatus>): { status: ServerStatus; count: number }[] {
  const countBy = new Map<ServerStatus, number>();
  for (const status of statuses) countBy.set(status, (countBy.get(status) ?? 0) + 1);
  return serverStatuses.flatMap((status) => {
    const count = countBy.get(status);
    return count === undefined ? [] : [{ status, count }];
  });
}

export function countsText(counts: readonly { status: ServerStatus; count: number }[]): string {
  return counts.map(({ status, count }) => `${count} ${status}`).join(', ') || 'no servers';
}
