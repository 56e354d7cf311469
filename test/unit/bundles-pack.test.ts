import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleFilesMax, manifestPath } from '../../schemas/bundle.ts';
import { bundleBytesMax } from '../../schemas/commands.ts';
import { packFolder, packTar } from '../../src/bundles/pack.ts';
import { unpackBundle } from '../../src/bundles/unpack.ts';
import { tarOf } from '../support/hand-built-tar.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-pack-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(folder: string, files: Record<string, string>): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
  }
  return join(root, folder);
}

const project = { 'project.yaml': 'name: orders\nroutes: []\n' };

describe('packing a folder', () => {
  it('gives the same bytes whatever the order, times and modes of the files', async () => {
    const one = write('one', { ...project, 'b/z.txt': 'z', 'a.txt': 'a', 'caf\u00e9.txt': 'x', '.env': 'dot' });
    const two = write('two', { '.env': 'dot', 'cafe\u0301.txt': 'x', 'a.txt': 'a', 'b/z.txt': 'z', ...project });
    utimesSync(join(two, 'a.txt'), 1, 1);
    chmodSync(join(two, 'a.txt'), 0o755);
    const [first, second] = [await packFolder(one), await packFolder(two)];
    expect(second.digest).toBe(first.digest);
    expect(first.manifest.files.map(({ path }) => path)).toEqual([
      '.env',
      'a.txt',
      'b/z.txt',
      'caf\u00e9.txt',
      'project.yaml',
    ]);
  });

  it('gives the digest it gave in every release: deployed versions are named by it', async () => {
    const { digest } = await packFolder(write('golden', { ...project, 'docs/\u00fcber.md': 'text\n' }));
    expect(digest).toBe('3390598a39a604b75b4cb7d57e969ee83223752d35cf1919ac80f88dd9aabb6e');
  });

  it('packs what unpacking takes', async () => {
    const { bytes, digest, manifest } = await packFolder(
      write('one', { ...project, [`${'long/'.repeat(30)}${'n'.repeat(200)}`]: 'x', 'empty.txt': '' }),
    );
    const unpacked = await unpackBundle({ bytes, digest, into: join(root, 'out') });
    expect(unpacked.manifest).toEqual(manifest);
    expect((await packFolder(join(root, 'out'))).digest).toBe(digest);
  });

  it('names what it leaves out: .git and folders without a file', async () => {
    const folder = write('one', { ...project, '.git/HEAD': 'x' });
    mkdirSync(join(folder, 'nothing'));
    expect([...(await packFolder(folder)).leftOut].sort()).toEqual(['.git', 'nothing']);
  });

  it('refuses links, also to files inside', async () => {
    const folder = write('one', project);
    symlinkSync('project.yaml', join(folder, 'link'));
    await expect(packFolder(folder)).rejects.toMatchObject({ code: 'bundle-invalid', message: /"link" is a link/ });
  });

  it('refuses names that are one name elsewhere', async () => {
    await expect(packFolder(write('one', { ...project, a: '1', A: '2' }))).rejects.toThrow(/one name on some/);
    await expect(packFolder(write('two', { ...project, '\u00e9': '1', 'e\u0301': '2' }))).rejects.toThrow(
      /one name on some/,
    );
  });

  it('refuses names that no bundle may hold', async () => {
    await expect(packFolder(write('one', { ...project, 'a\\b': '1' }))).rejects.toThrow(/backslash/);
    await expect(packFolder(write('two', { ...project, [manifestPath]: '1' }))).rejects.toThrow(/written by packing/);
  });

  it('refuses a project.yaml that is missing or wrong, naming the field', async () => {
    await expect(packFolder(write('one', { a: '1' }))).rejects.toThrow(/no project.yaml/);
    await expect(packFolder(write('two', { 'project.yaml': 'name: No Name\n' }))).rejects.toThrow(
      /project.yaml: name: /,
    );
    const both = 'name: x\nroutes:\n  - path: /x\n    upstream: http://x\n    respond: {}\n';
    await expect(packFolder(write('three', { 'project.yaml': both }))).rejects.toThrow(/routes\.0: has either/);
    await expect(packFolder(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'io' });
  });

  it.each([
    ['a name with a space', '"x y": z'],
    ['a name of no letters', '"": z'],
    ['a value of two lines', '"x": "z\\nset-cookie: a"'],
    ['a value no header can carry', '"x": "\u2013"'],
  ])('refuses a fixed answer with %s for a header: no gateway could send it', async (_, header) => {
    const file = `name: orders\nroutes:\n  - path: /x\n    respond: { headers: { ${header} } }\n`;
    const refused = packFolder(write('bad-header', { 'project.yaml': file }));
    await expect(refused).rejects.toMatchObject({ code: 'bundle-invalid', message: /routes\.0\.respond\.headers/ });
  });

  it('refuses too many files and too many bytes', async () => {
    const many = write('many', project);
    for (let at = 0; at < bundleFilesMax; at += 1) writeFileSync(join(many, `f${at}`), '');
    await expect(packFolder(many)).rejects.toThrow(/more than 4096 files/);
    const large = write('large', project);
    writeFileSync(join(large, 'large'), '');
    truncateSync(join(large, 'large'), bundleBytesMax);
    await expect(packFolder(large)).rejects.toThrow(/more than \d+ bytes/);
  });
});

describe('packing a tar', () => {
  it('leaves .git out, however much stands in it, and names it once', async () => {
    const file = { name: './project.yaml', content: project['project.yaml'] };
    const objects = Array.from({ length: 2 * bundleFilesMax }, (_, at) => ({ name: `./.git/o/${at}`, content: 'x' }));
    const pack = { name: './.git/pack', content: new Uint8Array(bundleBytesMax) };
    const packed = await packTar(inPieces(tarOf([...objects, pack, file])));
    expect(packed.leftOut).toEqual(['.git']);
    expect(packed.digest).toBe((await packFolder(write('folder', project))).digest);
  });
});

async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
