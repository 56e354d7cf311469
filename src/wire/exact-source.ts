/**
 * The program that reads what a schema describes, as text: one function a schema, `(cursor) => value`, which throws
 * `notExact`. A key of a map is told by its bytes, so maps may hold their keys in any order, each once. Kinds of schemas
 * and rules that are not known here are never exact.
 */
import type { z } from 'zod';
import { RightTexts, type TextRules } from './exact-cursor.ts';
import { type Rule, rulesOf } from './exact-rules.ts';
import { type Entry, headOf, inTurn, numberCondition, refuse, switchOn } from './exact-steps.ts';

export interface Compiled {
  /** A function's body: takes `constants` and `notExact`, returns the reader. */
  readonly source: string;
  readonly constants: readonly unknown[];
}

type Def = z.core.$ZodTypes['_zod']['def'];
type ObjectDef = z.core.$ZodObjectDef;
type UnionDef = z.core.$ZodUnionDef & { readonly discriminator?: string };

/** A map's keys are counted in the bits of one number. */
const keysMax = 31;

export function exactSource(schema: z.core.$ZodType): Compiled {
  const program = new Program();
  const main = program.reader(schema);
  return { source: program.textReturning(main), constants: program.constants };
}

class Program {
  readonly constants: unknown[] = [];
  readonly #parts: string[] = [];
  readonly #nameBySchema = new Map<z.core.$ZodType, string>();

  /** The name of the function that reads it. */
  reader(schema: z.core.$ZodType): string {
    const known = this.#nameBySchema.get(schema);
    if (known !== undefined) return known;
    const name = `read${this.#nameBySchema.size}`;
    this.#nameBySchema.set(schema, name);
    this.#parts.push(`function ${name}(r) { ${this.#body(schema)} }`);
    return name;
  }

  textReturning(main: string): string {
    const names = this.constants.map((_, index) => `const c${index} = constants[${index}];`);
    return ['"use strict";', ...names, ...this.#parts, `return ${main};`].join('\n');
  }

  #constant(value: unknown): string {
    return `c${this.constants.push(value) - 1}`;
  }

  #body(schema: z.core.$ZodType): string {
    const { def } = (schema as z.core.$ZodTypes)._zod;
    if ('coerce' in def && def.coerce === true) return refuse;
    const rules = rulesOf(schema);
    if (rules === undefined) return refuse;
    // Rules of a text are kept by what is known to pass them.
    if (def.type === 'string') return 'format' in def ? refuse : `return r.text(${this.#texts(rules)});`;
    if (def.type === 'number') return this.#number(def, rules);
    const body = this.#kind(def);
    if (rules.length === 0 || body === refuse) return body;
    const name = `read${this.#parts.length}of${this.#nameBySchema.size}`;
    this.#parts.push(`function ${name}(r) { ${body} }`);
    return `const v = ${name}(r); if (!(${this.#conditions(rules)})) ${refuse} return v;`;
  }

  #texts(rules: readonly Rule[]): string {
    return this.#constant(new RightTexts(textRules(rules)));
  }

  #conditions(rules: readonly Rule[]): string {
    return rules.map(({ holds, source }) => source ?? `${this.#constant(holds)}(v)`).join(' && ');
  }

  #number(def: z.core.$ZodNumberDef, rules: readonly Rule[]): string {
    const kind = numberCondition(def);
    if (kind === undefined) return refuse;
    const conditions = rules.length === 0 ? kind : `${kind} && ${this.#conditions(rules)}`;
    return `const v = r.number(); if (!(${conditions})) ${refuse} return v;`;
  }

  #kind(def: Def): string {
    switch (def.type) {
      case 'boolean':
        return 'return r.boolean();';
      case 'null':
        return `if (r.bytes[r.at] !== 0xc0) ${refuse} r.at++; return null;`;
      case 'literal':
        return this.#oneOf(def.values);
      case 'enum':
        return this.#oneOf(Object.values(def.entries));
      case 'optional':
        // Where it is absent its key is too.
        return `return ${this.reader(def.innerType)}(r);`;
      case 'nullable':
        return `if (r.bytes[r.at] === 0xc0) { r.at++; return null; } return ${this.reader(def.innerType)}(r);`;
      case 'array':
        return `let left = r.items(); const a = []; for (; left > 0; left--) a.push(${this.reader(def.element)}(r)); return a;`;
      case 'record':
        return this.#record(def);
      case 'object':
        return this.#object(def);
      case 'union':
        return this.#union(def);
      case 'custom':
        // Such as `instanceof`: bytes are the one kind beside these.
        return `const v = r.binary(); if (${this.#constant(def.fn)}(v) !== true) ${refuse} return v;`;
      default:
        return refuse;
    }
  }

  #oneOf(values: readonly unknown[]): string {
    if (values.every((value) => typeof value === 'string')) {
      return switchOn(values.map((value) => ({ text: value, code: `return ${JSON.stringify(value)};` })));
    }
    const held = this.#constant(new Set(values));
    const check = `if (!${held}.has(v)) ${refuse} return v;`;
    if (values.every((value) => typeof value === 'number')) return `const v = r.number(); ${check}`;
    return values.every((value) => typeof value === 'boolean') ? `const v = r.boolean(); ${check}` : refuse;
  }

  #record({ keyType, valueType }: z.core.$ZodRecordDef): string {
    // With a closed set of keys, all of them must be there.
    if (keyType._zod.def.type !== 'string') return refuse;
    const [key, value] = [this.reader(keyType), this.reader(valueType)];
    // A key that comes a second time would be the one that counts; those every object has are left to whoever decodes.
    return `let left = r.entries(); const o = {};
      for (; left > 0; left--) {
        const key = ${key}(r);
        if (key in o) ${refuse}
        o[key] = ${value}(r);
      }
      return o;`;
  }

  #object(def: ObjectDef): string {
    if (!isClosed(def)) return refuse;
    const names = Object.keys(def.shape);
    if (names.length > keysMax || names.includes('__proto__')) return refuse;
    const entries = names.map((name) => ({
      name,
      read: `o[${JSON.stringify(name)}] = ${this.reader(def.shape[name] as z.core.$ZodType)}(r);`,
    }));
    const required = requiredBits(def, names);
    return `${this.#map(entries)} if ((seen & ${required}) !== ${required}) ${refuse} return o;`;
  }

  /** Reads the entries of a map into `o`, and counts in `seen` which there were. */
  #map(entries: readonly Entry[]): string {
    const shape = `Shape${this.#parts.length}`;
    // Plain objects that the engine lays out like those read before, whatever their number of fields.
    this.#parts.push(`function ${shape}() {} ${shape}.prototype = Object.prototype;`);
    return `const o = new ${shape}(); let seen = 0; ${inTurn(entries)}`;
  }

  #union(def: UnionDef): string {
    return def.discriminator === undefined ? this.#anyKind(def) : this.#tagged(def, def.discriminator);
  }

  /** Told apart by the first byte, where no two options begin alike. */
  #anyKind({ options }: UnionDef): string {
    const heads = options.map((option) => headOf((option as z.core.$ZodTypes)._zod.def));
    if (heads.includes(undefined) || new Set(heads).size !== heads.length) return refuse;
    const ways = options.map((option, index) => `if (${heads[index]}) return ${this.reader(option)}(r);`);
    return `const h = r.bytes[r.at]; ${ways.join(' ')} ${refuse}`;
  }

  /** One map whose tag says which of the options it is. What they do not have in common must come behind the tag. */
  #tagged({ options }: UnionDef, tag: string): string {
    const defs = options.map((option) => (option as z.core.$ZodTypes)._zod.def);
    const tags: string[] = [];
    const rules = options.map(rulesOf);
    for (const [index, def] of defs.entries()) {
      if (def.type !== 'object' || !isClosed(def) || rules[index] === undefined) return refuse;
      const tagDef = (def.shape[tag] as z.core.$ZodTypes | undefined)?._zod.def;
      const [value, ...others] = tagDef?.type === 'literal' ? tagDef.values : [];
      if (typeof value !== 'string' || others.length > 0) return refuse;
      tags.push(value);
    }
    const shapes = (defs as ObjectDef[]).map(({ shape }) => shape);
    const names = [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
    if (names.length > keysMax || names.includes('__proto__')) return refuse;
    const entries = names.map((name) => ({ name, read: this.#taggedRead({ name, tag, tags, shapes }) }));
    const required = this.#constant((defs as ObjectDef[]).map((def) => requiredBits(def, names)));
    const checks = rules.flatMap((list, index) =>
      list === undefined || list.length === 0
        ? []
        : [`if (k === ${index}) { const v = o; if (!(${this.#conditions(list)})) ${refuse} }`],
    );
    return `let k = -1; ${this.#map(entries)} if (k < 0 || (seen & ${required}[k]) !== ${required}[k]) ${refuse}
      ${checks.join(' ')} return o;`;
  }

  #taggedRead({ name, tag, tags, shapes }: TaggedKey): string {
    const into = `o[${JSON.stringify(name)}]`;
    if (name === tag) {
      const which = `which${this.#parts.length}`;
      const ways = tags.map((text, index) => ({ text, code: `return ${index};` }));
      this.#parts.push(`function ${which}(r) ${switchOn(ways)}`);
      return `k = ${which}(r); ${into} = ${this.#constant(tags)}[k];`;
    }
    const schemas = shapes.map((shape) => shape[name] as z.core.$ZodType | undefined);
    const [first] = schemas;
    if (first !== undefined && schemas.every((schema) => schema === first))
      return `${into} = ${this.reader(first)}(r);`;
    const readers = schemas.map((schema) => (schema === undefined ? 'undefined' : this.reader(schema)));
    const table = `ways${this.#parts.length}`;
    this.#parts.push(`const ${table} = [${readers.join(', ')}];`);
    return `const way = k < 0 ? undefined : ${table}[k]; if (way === undefined) ${refuse} ${into} = way(r);`;
  }
}

interface TaggedKey {
  readonly name: string;
  readonly tag: string;
  /** By the option's index, like the shapes. */
  readonly tags: readonly string[];
  readonly shapes: readonly ObjectDef['shape'][];
}

function textRules(rules: readonly Rule[]): TextRules {
  const [first, ...others] = rules;
  if (first === undefined) return {};
  if (others.length > 0) return { isRight: (text) => rules.every(({ holds }) => holds(text)) };
  return { isRight: first.holds, spelling: first.spelling };
}

/** A strict object has a catch-all that refuses: what has no other field passes both. */
function isClosed({ catchall }: ObjectDef): boolean {
  return catchall === undefined || catchall._zod.def.type === 'never';
}

function requiredBits({ shape }: ObjectDef, names: readonly string[]): number {
  let bits = 0;
  for (const [bit, name] of names.entries()) {
    const schema = shape[name];
    if (schema !== undefined && schema._zod.def.type !== 'optional') bits |= 1 << bit;
  }
  return bits;
}
