/**
 * What the leader proposes of the log itself: its signature over a place in it, and the change of the key it signs
 * with. Signatures are not checked here: the proposer made them, and whoever verifies the log believes nobody.
 */
import type { EventData } from '../../schemas/events.ts';
import type { Checkpoint, KeyRotation } from '../../schemas/proof.ts';
import { checkpointReachMax } from '../../schemas/proof.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { overtaken } from './ruling.ts';
import type { FleetState } from './state.ts';

/** Records without events, which positions do not count: a leader writes one where an append's outcome was unknown. */
const barriersMax = 192;
/** The reach by positions: each record between holds at least one, but for those. */
export const checkpointPositionsMax = checkpointReachMax - barriersMax;

export function refuseCheckpoint(state: FleetState, { log, term, position, key }: Checkpoint): Rejection | undefined {
  if (log !== state.log || term > state.term || position > state.position) {
    return overtaken('the record signed is not of this log, or not there yet');
  }
  if (key !== state.signer?.key) return overtaken(`another key than ${key} signs now`);
  // Out of reach a verifier could not tell it from a forgery.
  if (state.position - position <= checkpointPositionsMax) return undefined;
  return overtaken(`the log has gone on for ${state.position - position} positions since`);
}

/** Only where the log ends, behind the election of whoever recovers it, and above all that was seen. */
export function refuseRecovery(state: FleetState, { at, seen }: EventData<'log.recovered'>): Rejection | undefined {
  if (at !== state.position - 1) return overtaken(`the log goes on behind position ${at}`);
  return seen.term < state.term
    ? undefined
    : overtaken(`term ${seen.term} was seen, term ${state.term} is not above it`);
}

export function refuseRotation(state: FleetState, { log, key, by }: KeyRotation): Rejection | undefined {
  if (log !== state.log) return overtaken('the key is for another log');
  if (key === state.signer?.key) return overtaken(`key ${key} signs already`);
  // The first key of a log vouches for itself.
  const signs = state.signer?.key ?? key;
  return by === signs ? undefined : overtaken(`key ${signs} signs now, and ${by} vouches for nobody`);
}
