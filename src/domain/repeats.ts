/**
 * Which commands were answered before, so that repeating one is harmless. Two generations of a map, because deleting
 * the oldest key of one large map costs more than the whole decision.
 *
 * An id is remembered for `repeatWindowMs` and, on top, for as long as an asker's clock may run ahead: otherwise a
 * command stamped in the future would be forgotten here before it counts as `too-old`, and could take effect twice.
 */
import type { CommandId, Position, Principal } from '../../schemas/ids.ts';
import type { RepeatWindow, Seen } from './state.ts';

/** A command issued longer ago than this is `too-old`. A day: outlives any retry loop and a night without operators. */
export const repeatWindowMs = 24 * 60 * 60 * 1000;
/** How far ahead of `at` a command may have been issued: askers' clocks are not ours. */
export const issuedAheadMaxMs = 10 * 60 * 1000;

const generationMs = repeatWindowMs + issuedAheadMaxMs;

export interface Repeatable {
  readonly principal: Principal;
  readonly id: CommandId;
}

/** What was decided about this id the first time; undefined when it is new, or forgotten. */
export function lookUp(repeats: RepeatWindow, { principal, id }: Repeatable): Seen | undefined {
  return repeats.younger.get(principal)?.get(id) ?? repeats.older.get(principal)?.get(id);
}

export interface Answered extends Repeatable {
  readonly hash: string;
  readonly position: Position;
  readonly at: number;
}

/** Notes an answered command. Time passes for the window only here, by `at`, so that every fold forgets alike. */
export function remember(repeats: RepeatWindow, { principal, id, hash, position, at }: Answered): void {
  const age = at - repeats.beganAt;
  if (repeats.younger.size === 0) {
    repeats.beganAt = at;
  } else if (age >= generationMs) {
    repeats.older = age >= 2 * generationMs ? new Map() : repeats.younger;
    repeats.younger = new Map();
    repeats.beganAt = at;
  }
  const seenById = repeats.younger.get(principal);
  if (seenById === undefined) repeats.younger.set(principal, new Map([[id, { hash, position }]]));
  else seenById.set(id, { hash, position });
}
