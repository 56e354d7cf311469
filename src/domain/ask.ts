/**
 * From a subject's noun and verb and a decoded body to what the decider takes. Total: whatever was sent becomes a
 * command or a refusal with a sentence. The body is hostile: nothing of it is copied but by its own, checked fields.
 */
import type { Command, CommandType } from '../../schemas/commands.ts';
import { CommandEnvelope, commandSchemas, commandTypes, isCommandType } from '../../schemas/commands.ts';
import type { Asked } from './asked.ts';
import { closest } from './closest.ts';
import { invalid, unknownField } from './invalid.ts';
import { proposalTypes } from './propose.ts';
import { type Refused, refuse } from './ruling.ts';
import { quote } from './wording.ts';

/** What the leader alone says; as a command it is refused under a name of its own. */
const systemVerbs: ReadonlySet<string> = new Set([...proposalTypes, 'command.rejected']);

type EnvelopeSchema = (typeof CommandEnvelope.shape)[keyof typeof CommandEnvelope.shape];
const envelopeSchemaByField: ReadonlyMap<string, EnvelopeSchema> = new Map(Object.entries(CommandEnvelope.shape));
const knownFieldsByType: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  commandTypes.map((type) => [
    type,
    new Set([...Object.keys(commandSchemas[type].shape), ...envelopeSchemaByField.keys()]),
  ]),
);

type Body = Readonly<Record<string, unknown>>;

export function parseAsked(type: string, body: unknown): Asked {
  return readWhole(type, body) ?? readByParts(type, body);
}

/** What a well-formed body as a whole is read by, in one go: nearly every command's is. */
interface Whole {
  readonly schema: { safeParse(body: unknown): { success: boolean; data?: unknown } };
  readonly payloadFields: readonly string[];
}
const wholeByType: ReadonlyMap<string, Whole> = new Map(
  commandTypes.map((type) => {
    const payload = commandSchemas[type] as (typeof commandSchemas)['server.configure'];
    return [type, { schema: payload.safeExtend(CommandEnvelope.shape), payloadFields: Object.keys(payload.shape) }];
  }),
);
const envelopeFields = [...envelopeSchemaByField.keys()];

function readWhole(type: string, body: unknown): Asked | undefined {
  const whole = isBody(body) ? wholeByType.get(type) : undefined;
  const parsed = whole?.schema.safeParse(body);
  if (whole === undefined || parsed?.success !== true) return undefined;
  const fields = parsed.data as Body;
  const command = { type, payload: pick(fields, whole.payloadFields) } as Command;
  return { kind: 'command', command, envelope: pick(fields, envelopeFields) };
}

/** Only of what a schema gave: the names are ours. */
function pick(fields: Body, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) if (fields[name] !== undefined) picked[name] = fields[name];
  return picked;
}

/** The same of a body that may be anything, part by part: so that the refusal says which part is wrong, and how. */
function readByParts(type: string, body: unknown): Asked {
  const fields = isBody(body) ? body : {};
  const { envelope, refusal: ofEnvelope } = readEnvelope(fields);
  const refused = ({ rejection }: Refused): Asked => ({ kind: 'refused', type, envelope, rejection });
  if (!isCommandType(type)) return refused(refuseType(type));
  if (!isBody(body)) return refused(notAMap());
  const refusal = refuseUnknownField(type, fields) ?? ofEnvelope;
  if (refusal !== undefined) return refused(refusal);
  const parsed = commandSchemas[type].safeParse(payloadOf(fields));
  if (!parsed.success) return refused(invalid({ error: parsed.error, fields }));
  return { kind: 'command', command: { type, payload: parsed.data } as Command, envelope };
}

interface ReadEnvelope {
  /** What of it is well-formed, so that a refused command too is answered under its own id. */
  readonly envelope: CommandEnvelope;
  readonly refusal: Refused | undefined;
}

function readEnvelope(fields: Body): ReadEnvelope {
  const envelope: Record<string, unknown> = {};
  let refusal: Refused | undefined;
  for (const [field, schema] of envelopeSchemaByField) {
    if (!Object.hasOwn(fields, field) || fields[field] === undefined) continue;
    const parsed = schema.safeParse(fields[field]);
    if (parsed.success) envelope[field] = parsed.data;
    else refusal ??= invalid({ error: parsed.error, fields, under: [field] });
  }
  return { envelope, refusal };
}

function refuseType(type: string): Refused {
  if (systemVerbs.has(type)) {
    return refuse({ code: 'system-only', message: `${quote(type)} is for the coordinator alone to say` });
  }
  const near = closest(type, commandTypes);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return refuse({
    code: 'unknown-command',
    message: `there is no command ${quote(type)}${hint}`,
    next: `one of ${commandTypes.join(', ')}`,
  });
}

/** The schemas are strict too, but they do not know what stands beside them, nor what was meant. */
function refuseUnknownField(type: CommandType, fields: Body): Refused | undefined {
  const known = knownFieldsByType.get(type) ?? new Set<string>();
  const unknown = Object.keys(fields).find((field) => !known.has(field));
  return unknown === undefined ? undefined : unknownField({ unknown, known: [...known] });
}

/** `fromEntries` defines, never assigns. */
function payloadOf(fields: Body): Body {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !envelopeSchemaByField.has(field)));
}

function isBody(body: unknown): body is Body {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && !ArrayBuffer.isView(body);
}

function notAMap(): Refused {
  return refuse({ code: 'malformed', message: 'a command is one map of fields, in MessagePack or JSON' });
}
