/** Writes `schemas/json` anew from the catalog, and removes what the catalog no longer names: `npm run schemas`. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { documents, textOfDocument } from '../../schemas/documents.ts';

const folder = fileURLToPath(new URL('../../schemas/json/', import.meta.url));
mkdirSync(folder, { recursive: true });
const wanted = documents();
for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(`${folder}${name}`);
for (const [name, document] of wanted) writeFileSync(`${folder}${name}`, textOfDocument(document));
process.stdout.write(`${wanted.size} documents written to schemas/json\n`);
