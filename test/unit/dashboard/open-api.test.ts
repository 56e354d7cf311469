/** The API's document is what stands in the repository, names every command, and can be read by others' tools. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTypes } from '../../../schemas/commands.ts';
import { type Json, textOfDocument } from '../../../schemas/documents.ts';
import { apiDocument } from '../../../services/dashboard/routes.ts';
import { root } from '../house/sources.ts';

const document = (await apiDocument()) as {
  openapi: string;
  paths: Record<string, Record<string, { summary?: string; responses: object }>>;
  components: { schemas: Record<string, object> };
};

describe('the OpenAPI document', () => {
  it('is the one in services/dashboard/openapi.json (npm run schemas)', () => {
    const stored = readFileSync(join(root, 'services', 'dashboard', 'openapi.json'), 'utf8');
    expect(textOfDocument(document as unknown as Json)).toBe(stored);
  });

  it('is OpenAPI 3.1, with a summary and a refusal for everything', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { summary, responses }] of Object.entries(methods)) {
        expect(summary, `${method} ${path}`).toBeTypeOf('string');
        if (path.startsWith('/v1/')) expect(Object.keys(responses), `${method} ${path}`).toContain('400');
      }
    }
  });

  it('has a route for every command', () => {
    const wanted = commandTypes.map((type) => `/v1/commands/${type.replace('.', '/')}`);
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(wanted));
  });

  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name);
  });
});
