/**
 * Seeds by the thousand. One keeps a core busy and shares nothing with another, so each process takes a stretch of them;
 * and a long one, since the first hundred take twice the time of those that find everything compiled.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runSeed, type SeedOptions, type SeedResult } from './run-seed.ts';
import { shrink } from './shrink.ts';
import { faultNames } from './world/faults.ts';

/** `seeds` of them, from `seed` on, and how each is run. */
export interface Stretch extends Omit<SeedOptions, 'mutation'> {
  readonly seed: number;
  readonly seeds: number;
}

/** What a stretch of seeds came to. */
export interface Tally {
  readonly failed: number;
  readonly steps: number;
  readonly events: number;
  /** Acknowledged records that power cuts took back. */
  readonly lost: number;
  readonly longestRestMs: number;
}

export type Print = (text: string) => void;

/** A stretch ends after so many that failed: whoever mends the first mends most of them. */
const failedMost = 5;
const program = fileURLToPath(new URL('main.ts', import.meta.url));

/** In this process, one after the other. */
export async function runStretch({ seeds, ...options }: Stretch, print: Print): Promise<Tally> {
  let [failed, steps, events, lost, longestRestMs] = [0, 0, 0, 0, 0];
  for (let seed = options.seed; seed < options.seed + seeds && failed < failedMost; seed += 1) {
    const result = await runSeed({ ...options, seed });
    steps += result.steps;
    events += result.position;
    lost += result.lost;
    longestRestMs = Math.max(longestRestMs, result.restMs);
    if (result.failure !== undefined) {
      failed += 1;
      await explain(result, options, print);
    } else if (options.isTold) print(`${result.lines.join('\n')}\n`);
  }
  return { failed, steps, events, lost, longestRestMs };
}

/** On `processes` cores at a time. Rejects where one of the processes ends without having told what its seeds came to. */
export async function runStretches(stretch: Stretch, processes: number, print: Print): Promise<Tally> {
  const most = Math.ceil(stretch.seeds / processes);
  const firsts = Array.from({ length: Math.ceil(stretch.seeds / most) }, (_, index) => stretch.seed + index * most);
  const end = stretch.seed + stretch.seeds;
  const tallies = await Promise.all(
    firsts.map((seed) => runElsewhere({ ...stretch, seed, seeds: Math.min(most, end - seed) }, print)),
  );
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  return {
    failed: sum(({ failed }) => failed),
    steps: sum(({ steps }) => steps),
    events: sum(({ events }) => events),
    lost: sum(({ lost }) => lost),
    longestRestMs: Math.max(...tallies.map((tally) => tally.longestRestMs)),
  };
}

async function runElsewhere(stretch: Stretch, print: Print): Promise<Tally> {
  const { seed, seeds } = stretch;
  const words = ['--seed', String(seed), '--seeds', String(seeds), '--processes', '1', ...wordsOf(stretch)];
  const child = fork(program, words, { execArgv: ['--import', 'tsx'], silent: true });
  let tally: Tally | undefined;
  child.on('message', (told) => (tally = told as Tally));
  for (const output of [child.stdout, child.stderr]) output?.on('data', (chunk: Buffer) => print(chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (tally === undefined) throw new Error(`seeds from ${seed} on ended with ${code ?? signal}, untold`);
  return tally;
}

/** How else than by default a stretch is run, as words of the command line. */
function wordsOf({ faults = faultNames, sync, rots }: Omit<Stretch, 'seed' | 'seeds'>): string[] {
  const words: string[] = [];
  if (faults.length !== faultNames.length) words.push('--faults', faults.join(',') || 'none');
  if (sync === 'interval') words.push('--sync', sync);
  if (rots === true) words.push('--rot');
  return words;
}

/** Tells it with no fault more than it takes. */
async function explain(failing: SeedResult, options: Omit<SeedOptions, 'seed'>, print: Print): Promise<void> {
  const { seed } = failing;
  const { failure, plan } = await shrink(failing, (only) => runSeed({ ...options, seed, only }));
  const only = plan.map(({ number }) => number);
  const told = await runSeed({ ...options, seed, only, isTold: true });
  const line = (text: string) => print(`${text}\n`);
  line(`\n${told.lines.join('\n')}`);
  line(`\nseed ${seed} failed: ${failing.failure}`);
  if (failure !== failing.failure) line(`with fewer faults: ${failure}`);
  if (told.failure !== failure) line(`told again it failed otherwise: ${told.failure}`);
  const listed = plan.map(({ number, name, at }) => `${number}: ${name} at ${Math.round(at)} ms`).join(', ');
  line(`of ${failing.plan.length} faults it takes ${plan.length}: ${listed || 'none'}`);
  const given = wordsOf(options).map((word) => ` ${word}`);
  line(
    `again: npm run simulate -- --seed ${seed} --seeds 1${given.join('')} --only ${only.join(',') || 'none'} --tell\n`,
  );
}
