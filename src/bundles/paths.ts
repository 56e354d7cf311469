/** Which paths a bundle may hold. Pure. The same rules stand when packing and when unpacking. */
import { manifestPath } from '../../schemas/bundle.ts';

/** Folders in folders at most: an API bundle is flat, and a path this deep is an attack or an accident. */
export const bundleDepthMax = 32;
/** One name's bytes at most: what ext4, APFS and NTFS all take. */
const nameBytesMax = 255;
/** The same as the manifest's schema: characters in a whole path. */
const pathLengthMax = 512;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const forbiddenCharacters = /[\u0000-\u001f\u007f\\]/;

/** Why this path may not stand in a bundle; undefined when it may. `/` divides, and the path is relative. */
export function pathProblem(path: string): string | undefined {
  if (path === '' || path.length > pathLengthMax) return `must have 1 to ${pathLengthMax} characters`;
  if (path === manifestPath) return 'is reserved for the manifest';
  if (forbiddenCharacters.test(path)) return 'holds a backslash or a control character';
  if (path !== path.normalize('NFC')) return 'is not in Unicode normal form C';
  if (/\p{Surrogate}/u.test(path)) return 'is not well-formed Unicode';
  const names = path.split('/');
  if (names.length > bundleDepthMax) return `is deeper than ${bundleDepthMax} folders`;
  for (const name of names) {
    if (name === '' || name === '.' || name === '..') return 'is absolute or holds an empty name, "." or ".."';
    if (new TextEncoder().encode(name).length > nameBytesMax) return `holds a name of more than ${nameBytesMax} bytes`;
  }
  return undefined;
}

/**
 * The first two paths that one file system would take for two things and another for one: names equal but for case
 * or normal form, or one thing that is both a file and a folder. Folders count too: `A/x` beside `a/y`.
 */
export function findCollision(
  paths: readonly string[],
): { readonly first: string; readonly second: string } | undefined {
  const seenByKey = new Map<string, { readonly path: string; readonly kind: 'file' | 'folder' }>();
  for (const path of paths) {
    const names = path.split('/');
    for (let depth = 1; depth <= names.length; depth += 1) {
      const part = names.slice(0, depth).join('/');
      const kind = depth === names.length ? 'file' : 'folder';
      const key = foldCase(part);
      const seen = seenByKey.get(key);
      if (seen === undefined) seenByKey.set(key, { path: part, kind });
      else if (seen.path !== part || seen.kind === 'file' || kind === 'file') return { first: seen.path, second: part };
    }
  }
  return undefined;
}

/** By UTF-16 code unit: the same on every machine and in every locale. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Upper case first, so that "ß" and "ss", or the two sigmas, fold together as they do on APFS and NTFS. */
function foldCase(path: string): string {
  return path.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
