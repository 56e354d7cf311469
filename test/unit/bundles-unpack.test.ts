import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manifestPath } from '../../schemas/bundle.ts';
import type { Digest } from '../../schemas/ids.ts';
import { unpackBundle } from '../../src/bundles/unpack.ts';
import { sha256, type TarEntry, tarOf } from '../support/hand-built-tar.ts';

const projectFile = 'name: orders\n';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-unpack-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function manifestOf(files: readonly { path: string; bytes: number }[], changes: object = {}): TarEntry {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { name: manifestPath, content: JSON.stringify({ format: 1, project: 'orders', files, bytes, ...changes }) };
}

/** A bundle whose manifest tells the truth about these entries, in this order. */
function bundleOf(entries: readonly TarEntry[]): TarEntry[] {
  const files = entries.map(({ name, content = '' }) => ({ path: name, bytes: Buffer.from(content).length }));
  return [manifestOf(files), ...entries];
}

const project: TarEntry = { name: 'project.yaml', content: projectFile };

async function unpack(entries: readonly TarEntry[]): Promise<unknown> {
  const bytes = tarOf(entries);
  return unpackBundle({ bytes, digest: sha256(bytes), into: join(folder, 'out') });
}

async function refuses(entries: readonly TarEntry[], reason: RegExp): Promise<void> {
  await expect(unpack(entries)).rejects.toMatchObject({
    code: 'bundle-invalid',
    message: expect.stringMatching(reason),
  });
  expect(readdirSync(folder), 'nothing is left behind').toEqual([]);
}

describe('unpacking a bundle', () => {
  it('writes exactly what the manifest says, for its owner only', async () => {
    await expect(
      unpack(bundleOf([{ name: 'a/b/c.txt', content: 'deep' }, { name: 'empty' }, project])),
    ).resolves.toMatchObject({ project: { name: 'orders' }, manifest: { bytes: 17 } });
    expect(readFileSync(join(folder, 'out/a/b/c.txt'), 'utf8')).toBe('deep');
    expect(readFileSync(join(folder, 'out/empty'), 'utf8')).toBe('');
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['a', 'empty', 'project.yaml']);
    expect(statSync(join(folder, 'out')).mode & 0o777).toBe(0o700);
  });

  it('refuses bytes of another digest before it looks at them', async () => {
    const bytes = tarOf(bundleOf([project]));
    const digest = '0'.repeat(64) as Digest;
    await expect(unpackBundle({ bytes, digest, into: join(folder, 'out') })).rejects.toThrow(/digest is .* not 000/);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('refuses to unpack over anything', async () => {
    const bytes = tarOf(bundleOf([project]));
    await expect(unpackBundle({ bytes, digest: sha256(bytes), into: folder })).rejects.toMatchObject({ code: 'io' });
    expect(existsSync(folder)).toBe(true);
  });

  it.each([
    ['an absolute path', '/etc/passwd', /absolute/],
    ['a way up', '../outside', /"\.\."/],
    ['a way up in the middle', 'a/../../outside', /"\.\."/],
    ['a single dot', './a', /"\."/],
    ['a backslash', '..\\outside', /backslash/],
    ['an empty name', 'a//b', /empty name/],
    ['a control character', 'a\nb', /control character/],
    ['too many folders', `${'d/'.repeat(40)}x`, /deeper than/],
    ['another normal form', 'cafe\u0301', /normal form C/],
    ['the manifest again', manifestPath, /reserved/],
  ])('refuses %s', (_what, name, reason) => refuses(bundleOf([{ name, content: 'x' }, project]), reason));

  it('refuses a NUL in a name of the manifest', () =>
    refuses([manifestOf([{ path: 'a\0b', bytes: 1 }]), { name: 'a', content: 'x' }], /control character/));

  it('refuses an over-long name hidden in a pax header', async () => {
    const record = (text: string) => `${text.length + 3 + (text.length + 3 > 99 ? 1 : 0)} ${text}\n`;
    const pax = record('path=../outside');
    await refuses(
      [manifestOf([{ path: 'project.yaml', bytes: 13 }]), { name: 'PaxHeader', type: 'x', content: pax }, project],
      /not what the manifest says/,
    );
  });

  it.each([
    ['a hard link', '1'],
    ['a symbolic link', '2'],
    ['a character device', '3'],
    ['a block device', '4'],
    ['a folder entry', '5'],
    ['a pipe', '6'],
  ])('refuses %s', (_what, type) =>
    refuses(
      [...bundleOf([{ name: 'a' }, project]).slice(0, 1), { name: 'a', type, link: '/etc/passwd' }, project],
      /regular/,
    ),
  );

  it.each([
    ['names equal but for case', 'readme', 'README'],
    ['folders equal but for case', 'a/x', 'A/y'],
    ['names that fold to the same', 'stra\u00dfe', 'STRASSE'],
    ['names equal but for compatibility form', 'fi', '\ufb01'],
    ['one name as a file and as a folder', 'a', 'a/b'],
  ])('refuses %s', async (_what, one, other) => {
    const names = [one, other, 'project.yaml'].sort((a, b) => (a < b ? -1 : 1));
    const entries = names.map((name) => (name === 'project.yaml' ? project : { name, content: 'x' }));
    await refuses(bundleOf(entries), /one name on some file systems/);
  });

  it('refuses a file the manifest does not name, a repeated one, and a missing one', async () => {
    await refuses([...bundleOf([project]), { name: 'z', content: 'more' }], /not what the manifest says/);
    await refuses([...bundleOf([project]), project], /not what the manifest says/);
    await refuses(bundleOf([{ name: 'a', content: 'x' }, project]).slice(0, 2), /1 of 2 files/);
  });

  it('refuses more bytes than the manifest says, in one file and together', async () => {
    await refuses([manifestOf([{ path: 'project.yaml', bytes: 3 }]), project], /more bytes than/);
    await refuses([manifestOf([{ path: 'project.yaml', bytes: 99 }]), project], /has 13 bytes, not/);
    await refuses(
      [manifestOf([{ path: 'project.yaml', bytes: 13 }], { bytes: 12 }), project],
      /13 bytes together, not 12/,
    );
  });

  it('refuses an unsorted manifest, one of another shape and none', async () => {
    await refuses(bundleOf([project, { name: 'a' }]), /misplaces "a"/);
    await refuses([{ name: manifestPath, content: '{"format":2}' }, project], /not valid/);
    await refuses([{ name: manifestPath, content: 'nonsense' }, project], /no JSON/);
    await refuses([project], /first entry/);
    await refuses([], /empty/);
  });

  it('refuses a project.yaml that is missing, malformed or of another project', async () => {
    await refuses(bundleOf([{ name: 'a' }]), /no project.yaml/);
    await refuses(bundleOf([{ name: 'project.yaml', content: 'name: [' }]), /no YAML/);
    await refuses(bundleOf([{ name: 'project.yaml', content: 'name: hello\n' }]), /names hello/);
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, at) => `${name}: &${name} [${`*${'abcdefgh'[at]},`.repeat(9)}]`)
      .join('\n')}\nname: orders\n`;
    await refuses(bundleOf([{ name: 'project.yaml', content: bomb }]), /no YAML/);
  });

  it('refuses a tar cut short or claiming more than is there', async () => {
    const whole = tarOf(bundleOf([{ name: 'a', content: 'x'.repeat(5_000) }, project]));
    for (const length of [100, 600, 1_600, 3_000]) {
      const bytes = whole.subarray(0, length);
      const work = unpackBundle({ bytes, digest: sha256(bytes), into: join(folder, 'out') });
      await expect(work, `cut at ${length}`).rejects.toMatchObject({ code: 'bundle-invalid' });
      expect(readdirSync(folder)).toEqual([]);
    }
    await refuses([{ ...manifestOf([{ path: 'project.yaml', bytes: 13 }]), size: 0o77777777777 }], /more bytes/);
  });
});
