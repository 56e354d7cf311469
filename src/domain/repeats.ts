/**
 * Which commands were answered before, so that repeating one is harmless. Two generations, because deleting what is
 * oldest one by one costs more than the whole decision.
 *
 * An id is remembered for `repeatWindowMs` and, on top, for as long as an asker's clock may run ahead: otherwise a
 * command stamped in the future would be forgotten here before it counts as `too-old`, and could take effect twice.
 */
import type { CommandId, Principal } from '../../schemas/ids.ts';
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
export function lookUp({ younger, older }: RepeatWindow, asked: Repeatable): Seen | undefined {
  return found(younger, asked) ?? found(older, asked);
}

export interface Answered extends Seen {
  readonly at: number;
}

/** Notes an answered command. Time passes for the window only here, by `at`, so that every fold forgets alike. */
export function remember(repeats: RepeatWindow, { principal, id, hash, position, at }: Answered): void {
  const age = at - repeats.beganAt;
  if (repeats.younger.length === 0) {
    repeats.beganAt = at;
  } else if (age >= generationMs) {
    repeats.older = age >= 2 * generationMs ? [] : repeats.younger;
    repeats.younger = [];
    repeats.beganAt = at;
  }
  repeats.younger.push({ principal, id, hash, position });
}

/** So much of a generation as somebody has asked about, by principal and id. */
interface Index {
  readonly seenByIdByPrincipal: Map<Principal, Map<CommandId, Seen>>;
  count: number;
}

/** Made when somebody asks: whoever only folds, as replay does, would pay for it more than for the rest of the fold. */
const indexByGeneration = new WeakMap<readonly Seen[], Index>();

function found(generation: readonly Seen[], { principal, id }: Repeatable): Seen | undefined {
  const index = indexByGeneration.get(generation) ?? { seenByIdByPrincipal: new Map(), count: 0 };
  indexByGeneration.set(generation, index);
  for (; index.count < generation.length; index.count++) put(index, generation[index.count] as Seen);
  return index.seenByIdByPrincipal.get(principal)?.get(id);
}

function put({ seenByIdByPrincipal }: Index, seen: Seen): void {
  const seenById = seenByIdByPrincipal.get(seen.principal);
  if (seenById === undefined) seenByIdByPrincipal.set(seen.principal, new Map([[seen.id, seen]]));
  else seenById.set(seen.id, seen);
}
