/** A lint rule that is misspelt or replaced by an override is silent: here each one that matters is made to speak. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from './sources.ts';

/** Path, text, the rule that must refuse it. */
const bad: readonly (readonly [path: string, text: string, rule: string])[] = [
  [
    'src/domain/a.ts',
    "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n",
    'noRestrictedImports',
  ],
  ['src/domain/b.ts', "import type { Bus } from '../nats/bus.ts';\nexport type X = Bus;\n", 'noRestrictedImports'],
  ['src/domain/c.ts', 'export const x = () => Date.now();\n', 'noRestrictedGlobals'],
  ['src/domain/d.ts', 'export const x = () => Math.random();\n', 'noJsRestrictedProperties'],
  ['src/rollout/a.ts', "import { setup } from 'xstate';\nexport const x = setup;\n", 'noRestrictedImports'],
  ['src/projections/a.ts', 'export const x = () => setTimeout(() => 1, 5);\n', 'noRestrictedGlobals'],
  ['src/server-machine/a.ts', "import pino from 'pino';\nexport const x = pino;\n", 'noRestrictedImports'],
  ['schemas/a.ts', "import { x } from '../src/std/x.ts';\nexport const y = x;\n", 'noRestrictedImports'],
  [
    'src/balancers/haproxy/a.ts',
    "import { x } from '../../domain/x.ts';\nexport const y = x;\n",
    'noRestrictedImports',
  ],
  ['src/balancers/haproxy/b.ts', "import { connect } from 'nats';\nexport const y = connect;\n", 'noRestrictedImports'],
  ['src/client/a.ts', "import { x } from '../coordinator/x.ts';\nexport const y = x;\n", 'noRestrictedImports'],
  ['src/agent/a.ts', "import { x } from '../domain/x.ts';\nexport const y = x;\n", 'noRestrictedImports'],
  ['src/audit/a.ts', "import { x } from '../coordinator/x.ts';\nexport const y = x;\n", 'noRestrictedImports'],
  ['src/eventlog/a.ts', "import { connect } from 'nats';\nexport const y = connect;\n", 'noRestrictedImports'],
  ['src/nats/a.ts', "import { encode } from '@msgpack/msgpack';\nexport const y = encode;\n", 'noRestrictedImports'],
  ['services/gateway/a.ts', "import { x } from '../coordinator/x.ts';\nexport const y = x;\n", 'noRestrictedImports'],
  ['src/coordinator/a.ts', 'export default function x() {}\n', 'noDefaultExport'],
  [
    'src/coordinator/b.ts',
    'async function work(): Promise<void> {}\nexport function x(): void {\n  work();\n}\n',
    'noFloatingPromises',
  ],
  [
    'src/coordinator/c.ts',
    "export function x(y: 'a' | 'b'): void {\n  switch (y) {\n    case 'a':\n      break;\n  }\n}\n",
    'useExhaustiveSwitchCases',
  ],
  ['src/coordinator/d.ts', 'export enum X {\n  A,\n}\n', 'noEnum'],
  ['src/coordinator/NotKebab.ts', 'export const x = 1;\n', 'useFilenamingConvention'],
];
const good: readonly (readonly [path: string, text: string])[] = [
  ['src/nats/good.ts', "import { connect } from 'nats';\n\nexport const x = connect;\n"],
  ['src/wire/good.ts', "import { encode } from '@msgpack/msgpack';\n\nexport const x = encode;\n"],
  ['src/server-machine/good.ts', "import { setup } from 'xstate';\n\nexport const x = setup;\n"],
  ['services/cli/good.ts', "import { x } from '../coordinator/run.ts';\n\nexport const y = x;\n"],
  ['src/coordinator/good.ts', 'export const x = () => Date.now();\n'],
];

/** Linting two dozen tiny files takes half a second; a loaded machine several. */
const lintTimeoutMs = 60_000;

describe('biome.json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-biome-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const rulesByPath = new Map<string, string[]>();

  it('is accepted, and lints', { timeout: lintTimeoutMs }, () => {
    for (const file of ['biome.json', 'package.json']) copyFileSync(join(root, file), join(folder, file));
    for (const [path, text] of [...bad, ...good]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
    const args = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
    const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: lintTimeoutMs });
    const report: unknown = JSON.parse(run.stdout);
    for (const { path, rule } of diagnosticsOf(report)) rulesByPath.set(path, [...(rulesByPath.get(path) ?? []), rule]);
    expect(run.status).toBe(1);
  });

  it.each(bad)('refuses %s: %s', (path, _text, rule) => {
    expect(rulesByPath.get(path)).toContain(rule);
  });

  it.each(good)('accepts %s: %s', (path) => {
    expect(rulesByPath.get(path) ?? []).toEqual([]);
  });
});

/** Path and last part of the category of each finding, from Biome's JSON reporter. */
function diagnosticsOf(report: unknown): { path: string; rule: string }[] {
  const { diagnostics } = report as { diagnostics: { category: string; location: { path: string } }[] };
  return diagnostics.map(({ category, location }) => ({
    path: location.path.replaceAll('\\', '/').replace(/^\.\//, ''),
    rule: category.slice(category.lastIndexOf('/') + 1),
  }));
}
