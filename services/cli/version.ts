/** The version of this package, from its own package.json: two folders up from the source, three from the build. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function packageVersion(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = versionIn(join(folder, 'package.json'));
    if (found !== undefined) return found;
  }
  return 'unknown';
}

function versionIn(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Not in this folder: the one above is looked at next.
    return undefined;
  }
  const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
  return name === 'muster' && typeof version === 'string' ? version : undefined;
}
