/** What compiled readers are put together from: statements, as text, on the cursor `r`. */
import type { z } from 'zod';
import { encode } from './codec.ts';

export const refuse = 'throw notExact;';

/** Whichever of the texts comes next is stepped over and its code done; where none does, it is refused. */
export function switchOn(ways: readonly { readonly text: string; readonly code: string }[]): string {
  const codeByHead = new Map<number, string>();
  for (const { text, code } of ways) {
    const { head, isIt, length } = seek(text);
    const way = `if (${isIt}) { r.at = at + ${length}; ${code} }`;
    codeByHead.set(head, `${codeByHead.get(head) ?? ''}${way}\n`);
  }
  const cases = [...codeByHead].map(([head, code]) => `case ${head}: ${code} break;`).join('\n');
  return `{ const b = r.bytes; const w = r.view; const at = r.at; switch (b[at]) { ${cases} } ${refuse} }`;
}

/** A key of a map, and the code that reads its value. */
export interface Entry {
  readonly name: string;
  readonly read: string;
}

/**
 * Reads a map's entries, each of these once at most, and sets their bits in `seen`. They are looked for in the order of
 * the schema, in which we write them; what comes in another order takes more rounds.
 */
export function inTurn(entries: readonly Entry[]): string {
  const steps = entries.map(({ name, read }, bit) => {
    const { head, isIt, length } = seek(name);
    return `if (b[at] === ${head} && ${isIt} && left > 0) {
      r.at = at + ${length}; left--;
      if ((seen & ${1 << bit}) !== 0) ${refuse} seen |= ${1 << bit}; ${read} at = r.at;
    }`;
  });
  return `let left = r.entries(); const b = r.bytes; const w = r.view; let at = r.at;
    while (left > 0) { const before = left; ${steps.join('\n')} if (left === before) ${refuse} }`;
}

/**
 * How a text that begins at `at` is told: by its first byte, then by the rest, four bytes of the view `w` at a time. From
 * the end, since names that are alike begin alike.
 */
function seek(text: string): { readonly head: number; readonly isIt: string; readonly length: number } {
  const bytes = encode(text).slice();
  const [head = 0] = bytes;
  const { length } = bytes;
  const view = new DataView(bytes.buffer);
  const same: string[] = [];
  let left = length;
  for (; left > 4; left -= 4) same.push(`w.getUint32(at + ${left - 4}) === ${view.getUint32(left - 4)}`);
  for (; left > 1; left -= 1) same.push(`b[at + ${left - 1}] === ${bytes[left - 1]}`);
  return { head, isIt: same.join(' && ') || 'true', length };
}

/** Undefined: a kind of number that is not known here. */
export function numberCondition(def: z.core.$ZodNumberDef): string | undefined {
  if (!('format' in def)) return 'Number.isFinite(v)';
  return def.format === 'safeint' ? 'Number.isSafeInteger(v)' : undefined;
}

/** What the first byte of such a value is. Undefined: it cannot be told. */
export function headOf(def: z.core.$ZodTypes['_zod']['def']): string | undefined {
  switch (def.type) {
    case 'string':
      return '(h >= 0xa0 && h < 0xc0) || (h >= 0xd9 && h <= 0xdb)';
    case 'number':
      return 'h < 0x80 || h >= 0xe0 || (h >= 0xca && h <= 0xd3)';
    case 'array':
      return '(h >= 0x90 && h < 0xa0) || h === 0xdc || h === 0xdd';
    case 'literal':
      return def.values.every((value) => typeof value === 'string') ? headOf({ type: 'string' }) : undefined;
    default:
      return undefined;
  }
}
