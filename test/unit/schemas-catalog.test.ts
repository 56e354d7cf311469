/** The catalog is whole, and what is generated from it is what stands in the repository. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../schemas/catalog.ts';
import { commandTypes } from '../../schemas/commands.ts';
import { documents, textOfDocument } from '../../schemas/documents.ts';
import { eventTypes } from '../../schemas/events.ts';
import { concernKindByEvent } from '../../schemas/concern.ts';
import type { FleetId, GroupId, ServerId } from '../../schemas/ids.ts';
import { PoolEntry, PoolRevision, poolSchemaOf } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import { querySchemas } from '../../schemas/views.ts';
import { affects } from '../../src/domain/affects.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { samples } from '../golden/samples.ts';
import { root } from './house/sources.ts';

const folder = join(root, 'schemas', 'json');
const names = catalog.map(({ name }) => name);

describe('the catalog', () => {
  it('names every command, event and query, each once', () => {
    const queries = Object.keys(querySchemas);
    expect(names).toEqual(expect.arrayContaining(commandTypes.map((type) => `command.${type}`)));
    expect(names).toEqual(expect.arrayContaining(eventTypes.map((type) => `event.${type}`)));
    expect(names).toEqual(expect.arrayContaining(queries.flatMap((name) => [`query.${name}`, `view.${name}`])));
    expect(new Set(names).size).toBe(names.length);
  });

  it('answers every request with a message it knows', () => {
    for (const { name, channels, answer } of catalog) {
      if (channels.some(({ request }) => request)) expect(names, name).toContain(answer);
    }
  });

  it.each(samples().map((event) => [event.type, event] as const))('files %s where the feed does', (type, event) => {
    expect(affects(event, emptyState())[0]?.kind).toBe(concernKindByEvent[type]);
  });

  it('takes the payload and the envelope of a command, and refuses a field that is neither', () => {
    const schema = catalog.find(({ name }) => name === 'command.group.create')?.schema;
    expect(schema?.safeParse({ group: 'edge', id: 'c1', reason: 'why' }).success).toBe(true);
    expect(schema?.safeParse({ group: 'edge', polciy: {} }).success).toBe(false);
  });
});

describe('the subjects of a pool', () => {
  it('tell its revision from the entry of a server of that name, in a group of whatever name', () => {
    const [fleet, server] = ['pool' as FleetId, 'revision' as ServerId];
    for (const group of ['pool', 'server', 'revision'] as GroupId[]) {
      expect(poolSchemaOf(subjects.poolRevision(fleet, group))).toBe(PoolRevision);
      expect(poolSchemaOf(subjects.poolEntry(fleet, group, server))).toBe(PoolEntry);
    }
  });
});

describe('schemas/json', () => {
  it('holds exactly the documents the catalog generates', () => {
    expect(readdirSync(folder).sort()).toEqual([...documents().keys()].sort());
  });

  it.each([...documents()])('%s has not drifted (else: npm run schemas)', (name, document) => {
    expect(readFileSync(join(folder, name), 'utf8')).toBe(textOfDocument(document));
  });

  it('lets no reference in the AsyncAPI document point nowhere', () => {
    const generated = documents();
    const api = generated.get('asyncapi.json') as Tree;
    for (const reference of referencesIn(api)) {
      if (reference.startsWith('./')) expect(generated.has(reference.slice(2)), reference).toBe(true);
      else expect(resolve(api, reference), reference).toBeDefined();
    }
  });
});

type Tree = { readonly [key: string]: Tree } | readonly Tree[] | string | undefined;

function referencesIn(tree: unknown): string[] {
  if (tree === null || typeof tree !== 'object') return [];
  return Object.entries(tree).flatMap(([key, value]) => (key === '$ref' ? [String(value)] : referencesIn(value)));
}

function resolve(tree: Tree, reference: string): unknown {
  let at: unknown = tree;
  for (const part of reference.slice(2).split('/')) at = (at as Record<string, unknown> | undefined)?.[part];
  return at;
}
