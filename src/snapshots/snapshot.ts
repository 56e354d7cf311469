/** A snapshot as bytes: where the log stood, and the fold up to there. Pure. */
import { z } from 'zod';
import { LogId, Position, Term } from '../../schemas/ids.ts';
import { Watermark } from '../../schemas/record.ts';
import { type FleetState, foldVersion } from '../domain/state.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import { Failure } from '../std/failure.ts';
import { freezeState, thawState } from './frozen-state.ts';

/** The fold at a place in the log. */
export interface Restored {
  readonly cursor: ChainCursor;
  readonly state: FleetState;
}

const Snapshot = z.object({
  foldVersion: z.literal(foldVersion),
  log: LogId,
  term: Term,
  position: Position,
  sequence: z.int(),
  hash: z.string(),
  watermark: Watermark,
  state: z.unknown(),
});

export function encodeSnapshot({ cursor, state }: Restored): Uint8Array {
  const { log, term, position, sequence, watermark } = cursor;
  const hash = hexOf(cursor.hash);
  const snapshot = { foldVersion, log, term, position, sequence, hash, watermark, state: freezeState(state) };
  return Buffer.from(JSON.stringify(snapshot));
}

/** Fails with `unsupported` where it is a snapshot of another fold than this program's, or none at all. */
export function decodeSnapshot(bytes: Uint8Array): Restored {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (caught) {
    throw Failure.from(caught, { code: 'malformed', retryable: false, message: 'a snapshot is not JSON' });
  }
  const parsed = Snapshot.safeParse(value);
  if (!parsed.success) {
    const message = `a snapshot of another shape or fold: ${parsed.error.issues[0]?.message ?? ''}`;
    throw new Failure({ code: 'unsupported', retryable: false, message });
  }
  const { log, term, position, sequence, hash, watermark, state } = parsed.data;
  const cursor = { log, term, position, sequence, hash: new Uint8Array(Buffer.from(hash, 'hex')), watermark };
  return { cursor, state: thawState(state) };
}

const positionDigits = 16;
const hashDigits = 16;

/** Names order by position; the hash keeps two logs' snapshots apart. */
export function snapshotName({ position, hash }: Pick<ChainCursor, 'position' | 'hash'>): string {
  return `${String(position).padStart(positionDigits, '0')}-${hexOf(hash).slice(0, hashDigits)}`;
}

export interface SnapshotName {
  readonly name: string;
  readonly position: Position;
  /** The beginning of the hash, hex. */
  readonly hash: string;
}

/** What a name says; undefined where it is no snapshot's. */
export function parseSnapshotName(name: string): SnapshotName | undefined {
  const match = /^(\d{16})-([0-9a-f]{16})$/.exec(name);
  return match === null ? undefined : { name, position: Number(match[1]), hash: match[2] ?? '' };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
