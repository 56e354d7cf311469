/** What a schema asks beside its kind, as plain checks of a value. What is not known here is said to be unknown. */
import type { z } from 'zod';
import { type Spelling, spellingOf } from './spelling.ts';

export interface Rule {
  readonly holds: (value: unknown) => boolean;
  /** The same as a condition on `v`, for a program to say itself. */
  readonly source?: string;
  /** The same of a text, said of its bytes. */
  readonly spelling?: Spelling | undefined;
}

/** Rules beside the kind; they may count on the kind. Undefined: there is one that is not known here. */
export function rulesOf(schema: z.core.$ZodType): readonly Rule[] | undefined {
  const rules = ((schema as z.core.$ZodTypes)._zod.def.checks ?? []).map(ruleOf);
  return rules.includes(undefined) ? undefined : (rules as Rule[]);
}

function ruleOf(check: z.core.$ZodCheck<never>): Rule | undefined {
  const { def } = (check as unknown as z.core.$ZodChecks)._zod;
  switch (def.check) {
    case 'string_format': {
      const { pattern, format } = def;
      // A pattern with a memory of its last match would answer by turns.
      if (format !== 'regex' || pattern === undefined || pattern.global || pattern.sticky) return undefined;
      return { holds: (value) => pattern.test(value as string), spelling: spellingOf(pattern) };
    }
    case 'min_length':
      return { holds: (value) => (value as { length: number }).length >= def.minimum };
    case 'max_length':
      return { holds: (value) => (value as { length: number }).length <= def.maximum };
    case 'greater_than': {
      const { value: bound, inclusive } = def;
      if (typeof bound !== 'number') return undefined;
      return {
        holds: (value) => (inclusive ? (value as number) >= bound : (value as number) > bound),
        source: `v ${inclusive ? '>=' : '>'} ${bound}`,
      };
    }
    case 'less_than': {
      const { value: bound, inclusive } = def;
      if (typeof bound !== 'number') return undefined;
      return {
        holds: (value) => (inclusive ? (value as number) <= bound : (value as number) < bound),
        source: `v ${inclusive ? '<=' : '<'} ${bound}`,
      };
    }
    case 'number_format':
      return def.format === 'safeint'
        ? { holds: (value) => Number.isSafeInteger(value), source: 'Number.isSafeInteger(v)' }
        : undefined;
    default:
      return refinement(check);
  }
}

/** What `.refine` says: a plain yes or no; one that is told later is no. */
function refinement(check: z.core.$ZodCheck<never>): Rule | undefined {
  const def = check._zod.def as { readonly check: string; readonly fn?: (value: unknown) => unknown };
  const { fn } = def;
  return def.check === 'custom' && fn !== undefined ? { holds: (value) => fn(value) === true } : undefined;
}
