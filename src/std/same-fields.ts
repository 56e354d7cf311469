/** Whether two plain values say the same: records, lists and scalars. A field that is undefined counts as absent. */
export function sameFields(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let fields = 0;
  for (const name in one) {
    if (one[name] === undefined) continue;
    if (!Object.hasOwn(other, name) || !sameFields(one[name], other[name])) return false;
    fields += 1;
  }
  for (const name in other) if (other[name] !== undefined) fields -= 1;
  return fields === 0;
}
