/** A schema's complaint as a refusal: the field, as a dotted path in the body, and one sentence about it. */
import { cutText } from '../std/cut-text.ts';
import { closest } from './closest.ts';
import { quotedCharactersMax } from './limits.ts';
import { type Refused, refuse } from './ruling.ts';
import { quote } from './wording.ts';

/** What the schemas say of a body that does not fit: as much of it as a sentence needs. */
export interface SchemaError {
  readonly issues: readonly {
    readonly code?: string | undefined;
    readonly path: readonly PropertyKey[];
    readonly message: string;
    /** Of an `unrecognized_keys`: the fields that are not there. */
    readonly keys?: readonly string[];
  }[];
}

export interface Complaint {
  readonly error: SchemaError;
  /** The body, to tell what is missing from what is wrong. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where in the body the schema was applied. */
  readonly under?: readonly string[];
}

/** The first complaint; one is enough to go on with. */
export function invalid({ error, fields, under = [] }: Complaint): Refused {
  const [issue] = error.issues;
  if (issue === undefined) return refuse({ code: 'invalid', message: 'the body does not fit the command' });
  const path = [...under, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return unknownField({ unknown: dotted([...path, issue.keys?.[0] ?? '']), known: [] });
  }
  const text = issue.message.replace(/^Invalid (input|string): /, '');
  if (path.length === 0) return refuse({ code: 'invalid', message: text });
  const field = cutText(dotted(path), quotedCharactersMax * 2);
  const message = isMissing(path, fields) ? `field ${quote(field)} is missing` : `field ${quote(field)}: ${text}`;
  return refuse({ code: 'invalid', message, field });
}

export interface UnknownField {
  readonly unknown: string;
  /** The fields there are; empty when they are not known here. */
  readonly known: readonly string[];
}

export function unknownField({ unknown, known }: UnknownField): Refused {
  const near = closest(unknown, known);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return refuse({
    code: 'invalid',
    message: `there is no field ${quote(unknown)}${hint}`,
    field: cutText(unknown, quotedCharactersMax),
    ...(known.length === 0 ? {} : { next: `fields are ${known.join(', ')}` }),
  });
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function isMissing(path: readonly PropertyKey[], fields: Readonly<Record<string, unknown>>): boolean {
  let value: unknown = fields;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return true;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value === undefined;
}
