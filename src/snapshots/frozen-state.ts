/** `FleetState` as JSON and back: maps and sets become tagged arrays. Fast, since JSON is native; exact, by a test. */
import type { FleetState } from '../domain/state.ts';

type Fields = { [key: string]: unknown };
type Frozen = { $map: [unknown, unknown][] } | { $set: unknown[] };

/** The state as `JSON.stringify` keeps it whole. What no map or set is in is not copied but the state's own. */
export function freezeState(state: FleetState): unknown {
  return freeze(state);
}

/** Takes over what it is given, and writes into it. */
export function thawState(frozen: unknown): FleetState {
  return thaw(frozen) as FleetState;
}

function freeze(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Map) return { $map: [...value].map(([key, held]) => [key, freeze(held)]) } satisfies Frozen;
  if (value instanceof Set) return { $set: [...value].map(freeze) } satisfies Frozen;
  if (Array.isArray(value)) return value.map(freeze);
  // Nearly all there is are answered commands and servers, plain through and through: copying them stops the leader.
  const fields = value as Fields;
  let frozen = fields;
  for (const key of Object.keys(fields)) {
    const kept = freeze(fields[key]);
    if (kept === fields[key]) continue;
    if (frozen === fields) frozen = { ...fields };
    frozen[key] = kept;
  }
  return frozen;
}

function thaw(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if ('$map' in value) return new Map((value.$map as [unknown, unknown][]).map(([key, held]) => [key, thaw(held)]));
  if ('$set' in value) return new Set((value.$set as unknown[]).map(thaw));
  const fields = value as Fields;
  for (const key of Object.keys(fields)) if (typeof fields[key] === 'object') fields[key] = thaw(fields[key]);
  return value;
}
