/**
 * Whether parsing by a schema would give back the very value it is given: a check that builds nothing, several times
 * as quick as a parse. For values that nearly always are what the schema says, such as our own events read again; what
 * it says no to is parsed in full, which cuts off unknown fields or says what is wrong.
 *
 * Promises: where it says yes, `schema.safeParse(value)` succeeds with a value equal to `value`. Where it says no,
 * nothing follows: kinds of schemas it does not know it always says no to.
 */
import type { z } from 'zod';

export type ExactCheck = (value: unknown) => boolean;

const never: ExactCheck = () => false;

/** Walks the schema once; the check returned walks only values. */
export function exactly(schema: z.core.$ZodType): ExactCheck {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('coerce' in def && def.coerce === true) return never;
  return (def.checks ?? []).map(ruleCheck).reduce(both, kindCheck(def));
}

function both(first: ExactCheck, second: ExactCheck): ExactCheck {
  return (value) => first(value) && second(value);
}

function kindCheck(def: z.core.$ZodTypes['_zod']['def']): ExactCheck {
  switch (def.type) {
    case 'string':
      // Such as an address of mail: rules of its own, rarely used.
      return 'format' in def ? never : (value) => typeof value === 'string';
    case 'number':
      return 'format' in def ? numberCheck(String(def.format)) : (value) => Number.isFinite(value);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'unknown':
      return () => true;
    case 'null':
      return (value) => value === null;
    case 'literal':
      return oneOf(def.values);
    case 'enum':
      return oneOf(Object.values(def.entries));
    case 'optional':
      return unless(undefined, exactly(def.innerType));
    case 'nullable':
      return unless(null, exactly(def.innerType));
    case 'array':
      return arrayCheck(exactly(def.element));
    case 'record':
      // With a closed set of keys, all of them must be there.
      return def.keyType._zod.def.type === 'string' ? recordCheck(exactly(def.keyType), exactly(def.valueType)) : never;
    case 'object':
      return objectCheck(def);
    case 'union':
      return unionCheck(def);
    default:
      return never;
  }
}

/** A rule beside the kind; it may count on the kind. */
function ruleCheck(check: z.core.$ZodCheck<never>): ExactCheck {
  const { def } = (check as unknown as z.core.$ZodChecks)._zod;
  switch (def.check) {
    case 'string_format': {
      const { pattern, format } = def;
      // A pattern with a memory of its last match would answer by turns.
      if (format !== 'regex' || pattern === undefined || pattern.global || pattern.sticky) return never;
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
      return numberCheck(def.format);
    default:
      return refinement(check);
  }
}

/** What `.refine` says: a plain yes or no; one that is told later is no. */
function refinement(check: z.core.$ZodCheck<never>): ExactCheck {
  const def = check._zod.def as { readonly check: string; readonly fn?: (value: unknown) => unknown };
  const { fn } = def;
  return def.check === 'custom' && fn !== undefined ? (value) => fn(value) === true : never;
}

function numberCheck(format: string): ExactCheck {
  return format === 'safeint' ? (value) => Number.isSafeInteger(value) : never;
}

function oneOf(values: readonly unknown[]): ExactCheck {
  const [only] = values;
  if (values.length === 1) return (value) => value === only;
  const set = new Set(values);
  return (value) => set.has(value);
}

function unless(absent: null | undefined, check: ExactCheck): ExactCheck {
  return (value) => value === absent || check(value);
}

function arrayCheck(check: ExactCheck): ExactCheck {
  return (value) => Array.isArray(value) && value.every(check);
}

function recordCheck(key: ExactCheck, held: ExactCheck): ExactCheck {
  return (value) => {
    if (!isPlain(value)) return false;
    for (const name in value) if (!key(name) || !held(value[name])) return false;
    return true;
  };
}

function objectCheck({ shape, catchall }: z.core.$ZodObjectDef): ExactCheck {
  // A strict object has one that refuses: what has no other field passes both.
  if (catchall !== undefined && catchall._zod.def.type !== 'never') return never;
  const names = Object.keys(shape);
  const checks = names.map((name) => exactly(shape[name] as z.core.$ZodType));
  return (value) => {
    if (!isPlain(value)) return false;
    let known = 0;
    for (let index = 0; index < names.length; index += 1) {
      const held = value[names[index] as string];
      if (!(checks[index] as ExactCheck)(held)) return false;
      if (held !== undefined) known += 1;
    }
    for (const _ in value) known -= 1;
    return known === 0;
  };
}

function unionCheck(def: z.core.$ZodUnionDef & { readonly discriminator?: string }): ExactCheck {
  const { options, discriminator } = def;
  if (discriminator === undefined) {
    // The first option that takes a value is the one it is parsed by: two of objects might both, one with a field less.
    const objects = options.filter((option) => !plainKinds.has(option._zod.def.type));
    return objects.length > 0 ? never : anyOf(options.map(exactly));
  }
  const checkByTag = new Map<unknown, ExactCheck>();
  for (const option of options) {
    const tag = (option as z.core.$ZodObject)._zod.def.shape?.[discriminator];
    if (tag?._zod.def.type !== 'literal') return never;
    for (const value of (tag as z.core.$ZodLiteral)._zod.def.values) checkByTag.set(value, exactly(option));
  }
  return (value) => isPlain(value) && checkByTag.get(value[discriminator])?.(value) === true;
}

/** Of these no two options take the same value and make different things of it. */
const plainKinds = new Set(['string', 'number', 'boolean', 'null', 'literal', 'enum', 'array']);

function anyOf(checks: readonly ExactCheck[]): ExactCheck {
  return (value) => checks.some((check) => check(value));
}

function isPlain(value: unknown): value is { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}
