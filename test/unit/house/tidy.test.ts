/** What neither the compiler nor the linter sees, and a reader does. */
import { describe, expect, it } from 'vitest';
import { sourcesOf } from './sources.ts';

const own = sourcesOf('schemas', 'src', 'services');
const all = [...own, ...sourcesOf('test')];

/** Lines that are neither blank nor comment: a file past this is two things. */
const codeLinesMax = 200;
/** Longer all the same, each with its reason. */
const longer: { readonly [path: string]: string } = {
  'src/coordinator/reign.ts':
    'everything a leader owns is opened and closed here, in one order that must be seen whole',
  'src/coordinator/coordinator.ts': 'follows, elects and reigns: one state machine, each mode beside the next',
  'src/balancers/haproxy/haproxy-balancer.ts': 'the order of socket and file in one place: it is what loses no request',
  'src/wire/reader.ts': 'one pass over one format: a case for each of its heads',
  'src/pool-sync/group-sync.ts':
    'one run reads, applies, compares and proves: its steps share their fields and their order',
};

describe('every source', () => {
  it('says at its top what it is for', () => {
    const silent = own.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path);
    expect(silent).toEqual([]);
  });

  it('is short, or says why not', () => {
    const long = own.filter(({ path, text }) => codeLinesOf(text) > codeLinesMax && !(path in longer));
    expect(long.map(({ path, text }) => `${path}: ${codeLinesOf(text)} lines of code`)).toEqual([]);
  });

  it('is named for what is in it', () => {
    const vague = all.filter(({ path }) => /\/(utils?|types|helpers?|common|misc)\.tsx?$/.test(path));
    expect(vague.map(({ path }) => path)).toEqual([]);
    const barrels = own.filter(({ path }) => path.endsWith('/index.ts')).map(({ path }) => path);
    const entryPoints = ['schemas/index.ts', 'src/client/index.ts', 'src/agent/index.ts'];
    expect(barrels.filter((path) => !entryPoints.includes(path))).toEqual([]);
  });

  it('leaves nothing for later', () => {
    // Put together, so that this file does not find itself.
    const marks = new RegExp(['TO' + 'DO', 'FIX' + 'ME'].map((mark) => `\\b${mark}\\b`).join('|'));
    expect(all.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('never joins a time-out with another signal: the collector takes it, and it does not fire', () => {
    // The page is not Node: there the time-out is held.
    const inNode = all.filter(({ path }) => !path.startsWith('services/dashboard/web/'));
    const joined = inNode.filter(({ text }) => /AbortSignal\.any\([^;]*AbortSignal\.timeout\(/.test(text));
    expect(joined.map(({ path }) => path)).toEqual(['src/std/deadline.ts']);
  });

  it('imports with the extension, so that it runs unbuilt', () => {
    const bare = all.filter(({ text }) => /from '\.{1,2}\/[^']*(?<!\.(?:ts|tsx|json|css))';/.test(text));
    expect(bare.map(({ path }) => path)).toEqual([]);
  });
});

function codeLinesOf(text: string): number {
  const withoutBlocks = text.replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return withoutBlocks.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length;
}
