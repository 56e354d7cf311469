/** What a schema asks beside its kind, as plain checks of a value. What is not known here is said to be unknown. */
import type { z } from 'zod';

export type Rule = (value: unknown) => boolean;

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
      return (value) => pattern.test(value as string);
    }
    case 'min_length':
      return (value) => (value as { length: number }).length >= def.minimum;
    case 'max_length':
      return (value) => (value as { length: number }).length <= def.maximum;
    case 'greater_than': {
      const { value: bound, inclusive } = def;
      return (value) => (inclusive ? (value as number) >= (bound as number) : (value as number) > (bound as number));
    }
    case 'less_than': {
      const { value: bound, inclusive } = def;
      return (value) => (inclusive ? (value as number) <= (bound as number) : (value as number) < (bound as number));
    }
    case 'number_format':
      return def.format === 'safeint' ? (value) => Number.isSafeInteger(value) : undefined;
    default:
      return refinement(check);
  }
}

/** What `.refine` says: a plain yes or no; one that is told later is no. */
function refinement(check: z.core.$ZodCheck<never>): Rule | undefined {
  const def = check._zod.def as { readonly check: string; readonly fn?: (value: unknown) => unknown };
  const { fn } = def;
  return def.check === 'custom' && fn !== undefined ? (value) => fn(value) === true : undefined;
}
