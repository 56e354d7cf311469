/** Writes `schemas/json` anew from the catalog, without what it no longer names, and the API's document: `npm run schemas`. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { documents, type Json, textOfDocument } from '../../schemas/documents.ts';
import { apiDocument } from '../../services/dashboard/routes.ts';

const folder = fileURLToPath(new URL('../../schemas/json/', import.meta.url));
mkdirSync(folder, { recursive: true });
const wanted = documents();
for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(`${folder}${name}`);
for (const [name, document] of wanted) writeFileSync(`${folder}${name}`, textOfDocument(document));
process.stdout.write(`${wanted.size} documents written to schemas/json\n`);
const api = fileURLToPath(new URL('../../services/dashboard/openapi.json', import.meta.url));
writeFileSync(api, textOfDocument((await apiDocument()) as Json));
