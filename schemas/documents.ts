/**
 * The catalog for programs in other languages: one JSON Schema a message, and one AsyncAPI 3 document that says which
 * of them goes where. Pure: whoever calls it writes the files.
 */
import { z } from 'zod';
import { catalog } from './catalog.ts';
import type { CatalogEntry, Channel } from './catalog-entry.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const dialect = 'https://json-schema.org/draft/2020-12/schema';
const parameterPattern = /\{(\w+)\}/g;

/** Every generated document by its file name under `schemas/json`. */
export function documents(): ReadonlyMap<string, Json> {
  const schemas = catalog.map((entry) => [fileOf(entry), schemaOf(entry)] as const);
  return new Map<string, Json>([...schemas, ['asyncapi.json', asyncApi()]]);
}

/** As it stands in the repository: stable, so that drift is a difference of text. */
export function textOfDocument(document: Json): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function fileOf({ name }: CatalogEntry): string {
  return `${name}.schema.json`;
}

/**
 * `io: 'input'`: what a sender writes, so that a field with a default is optional and loose objects stay loose.
 * Refinements have no JSON Schema and are left out: the coordinator still checks them.
 */
function schemaOf({ name, summary, schema }: CatalogEntry): Json {
  const generated = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      // The one thing in the contract that JSON has no word for: a record's hash, raw bytes in MessagePack.
      if (zodSchema instanceof z.ZodCustom) jsonSchema.description = 'Raw bytes: bin in MessagePack.';
    },
  });
  const { $schema: _, ...rest } = JSON.parse(JSON.stringify(generated)) as { [key: string]: Json };
  return { $schema: dialect, title: name, description: summary, ...rest };
}

function asyncApi(): Json {
  const entries = catalog.filter(({ channels }) => channels.length > 0);
  const subjectsUsed = new Map<string, { readonly channel: Channel; readonly entries: CatalogEntry[] }>();
  for (const entry of entries) {
    for (const channel of entry.channels) {
      const there = subjectsUsed.get(channel.subject);
      if (there === undefined) subjectsUsed.set(channel.subject, { channel, entries: [entry] });
      else there.entries.push(entry);
    }
  }
  const channels: { [key: string]: Json } = {};
  const operations: { [key: string]: Json } = {};
  for (const { channel, entries } of subjectsUsed.values()) {
    const key = keyOf(channel.subject);
    channels[key] = channelDocument(channel, entries);
    operations[key] = operationDocument(key, channel, entries);
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Muster',
      version: '1',
      description:
        'Generated from the catalog. Bodies are one map: MessagePack, or JSON if the first byte is "{". ' +
        'Actions are those of the coordinator: it receives commands, and sends what follows from them.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { messages: Object.fromEntries(catalog.map((entry) => [entry.name, messageDocument(entry)])) },
  };
}

function channelDocument({ subject, stream }: Channel, entries: readonly CatalogEntry[]): Json {
  const parameters = [...subject.matchAll(parameterPattern)].map(([, name]) => [name ?? '', {}] as const);
  return {
    address: subject,
    description: stream === null ? 'Core NATS, at most once.' : `Kept in the stream MUSTER_{fleet}_${stream}.`,
    messages: Object.fromEntries(entries.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
    ...(parameters.length === 0 ? {} : { parameters: Object.fromEntries(parameters) }),
  };
}

function operationDocument(key: string, { request }: Channel, entries: readonly CatalogEntry[]): Json {
  const answer = request === true ? entries[0]?.answer : undefined;
  return {
    action: entries.every(({ from }) => from === 'coordinator') ? 'send' : 'receive',
    channel: { $ref: `#/channels/${key}` },
    messages: entries.map(({ name }) => ({ $ref: `#/channels/${key}/messages/${name}` })),
    ...(answer === undefined
      ? {}
      : {
          reply: {
            address: { location: '$message.header#/reply', description: 'The reply subject of the NATS request.' },
            channel: { $ref: `#/channels/${key}` },
            'x-message': { $ref: `#/components/messages/${answer}` },
          },
        }),
  };
}

function messageDocument(entry: CatalogEntry): Json {
  return {
    name: entry.name,
    summary: entry.summary,
    payload: { $ref: `./${fileOf(entry)}` },
    tags: [{ name: entry.kind }],
  };
}

/** `muster.{fleet}.beat.{server}` as a name: `beat.server`. */
function keyOf(subject: string): string {
  return subject.replace('muster.{fleet}.', '').replaceAll(parameterPattern, '$1').replaceAll('.', '_');
}
