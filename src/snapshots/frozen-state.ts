/** `FleetState` as JSON and back: maps and sets become tagged arrays. Fast, since JSON is native; exact, by a test. */
import type { FleetState } from '../domain/state.ts';

type Frozen = { $map: [unknown, unknown][] } | { $set: unknown[] };

/** A copy of the state that `JSON.stringify` keeps whole. */
export function freezeState(state: FleetState): unknown {
  return freeze(state);
}

export function thawState(frozen: unknown): FleetState {
  return thaw(frozen) as FleetState;
}

function freeze(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Map) return { $map: [...value].map(([key, held]) => [key, freeze(held)]) } satisfies Frozen;
  if (value instanceof Set) return { $set: [...value].map(freeze) } satisfies Frozen;
  if (Array.isArray(value)) return value.map(freeze);
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, freeze(held)]));
}

function thaw(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(thaw);
  if ('$map' in value) return new Map((value.$map as [unknown, unknown][]).map(([key, held]) => [key, thaw(held)]));
  if ('$set' in value) return new Set((value.$set as unknown[]).map(thaw));
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, thaw(held)]));
}
