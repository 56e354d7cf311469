/** What compiled readers are put together from: statements, as text, on the cursor `r`. */
import type { z } from 'zod';
import { encode } from './codec.ts';

export const refuse = 'throw notExact;';

/** Whichever of the texts comes next is stepped over and its code done; where none does, it is refused. */
export function switchOn(ways: readonly { readonly text: string; readonly code: string }[]): string {
  const codeByHead = new Map<number, string>();
  for (const { text, code } of ways) {
    const [head = 0, ...rest] = encode(text);
    // From the end: names that are alike begin alike.
    const isIt = ['true', ...rest.map((byte, index) => `b[at + ${index + 1}] === ${byte}`)].reverse().join(' && ');
    const way = `if (${isIt}) { r.at = at + ${rest.length + 1}; ${code} }`;
    codeByHead.set(head, `${codeByHead.get(head) ?? ''}${way}\n`);
  }
  const cases = [...codeByHead].map(([head, code]) => `case ${head}: ${code} break;`).join('\n');
  return `{ const b = r.bytes; const at = r.at; switch (b[at]) { ${cases} } ${refuse} }`;
}

/** A key that comes a second time would be the one that counts. */
export function taken(bit: number, read: string): string {
  return `if ((seen & ${1 << bit}) !== 0) ${refuse} seen |= ${1 << bit}; ${read}`;
}

export function numberBody(def: z.core.$ZodNumberDef): string {
  if (!('format' in def)) return `const v = r.number(); if (!Number.isFinite(v)) ${refuse} return v;`;
  return def.format === 'safeint' ? `const v = r.number(); if (!Number.isSafeInteger(v)) ${refuse} return v;` : refuse;
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
