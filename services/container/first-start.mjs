// Makes what every installation must have for itself, once: the key the log is signed with, and who may ask the dashboard.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';

const folder = '/secrets';
const once = (name, text) => {
  const path = `${folder}/${name}`;
  if (existsSync(path)) return false;
  writeFileSync(path, text, { mode: 0o640, flag: 'wx' });
  return true;
};
once('log.key.pem', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
const [operator, scraper] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
const hash = (secret) => createHash('sha256').update(secret).digest('hex');
const access = `tokens:
  - { name: operator, role: admin, sha256: ${hash(operator)} }
  - { name: prometheus, role: viewer, sha256: ${hash(scraper)} }
`;
if (once('access.yaml', access)) {
  writeFileSync(`${folder}/scraper.token`, scraper, { mode: 0o644 });
  process.stdout.write(`the dashboard's token, shown this once: ${operator}\n`);
}
