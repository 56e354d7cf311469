/** Values that a JSON Schema takes, made by fast-check: what a stranger's program would send by the document alone. */
import fc from 'fast-check';

export interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
}

/** Lists and maps of this size show whatever longer ones would. */
const itemsMax = 5;

export interface FromSchemaOptions {
  /** Names of what is there, by the field or parameter that takes them: else everything asked about is unknown. */
  readonly known: Readonly<Record<string, readonly string[]>>;
}

export function fromSchema(schema: JsonSchema, options: FromSchemaOptions, name = ''): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => fromSchema(choice, options, name)));
  switch (schema.type) {
    case 'string': {
      const known = options.known[name] ?? [];
      const made = stringFrom(schema);
      return known.length === 0 ? made : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, made);
    }
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: Math.min(schema.maximum ?? 100_000, 2_000_000_000_000) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(fromSchema(schema.items ?? {}, options, name), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? itemsMax, itemsMax),
      });
    case 'object':
      return objectFrom(schema, options);
    default:
      return fc.jsonValue();
  }
}

function stringFrom({ pattern, minLength = 0, maxLength = 100 }: JsonSchema): fc.Arbitrary<string> {
  if (pattern === undefined) return fc.string({ minLength, maxLength: Math.min(maxLength, 200), unit: 'binary' });
  return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' });
}

function objectFrom(schema: JsonSchema, options: FromSchemaOptions): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], propertyNames, additionalProperties } = schema;
  const made = Object.fromEntries(
    Object.entries(properties).map(([name, of]) => [name, fromSchema(of, options, name)] as const),
  );
  if (Object.keys(made).length > 0) return fc.record(made, { requiredKeys: required as string[] });
  const value = typeof additionalProperties === 'object' ? fromSchema(additionalProperties, options) : fc.jsonValue();
  const key = propertyNames === undefined ? fc.string({ maxLength: 20 }) : stringFrom(propertyNames);
  return fc.dictionary(key, value, { maxKeys: itemsMax });
}
