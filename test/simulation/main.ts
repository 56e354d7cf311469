/** `npm run simulate -- --seeds N [--seed S] [--faults a,b]`: stories by the thousand, and the whole of one that fails. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { type FaultName, faultNames } from './world/faults.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { shrink } from './shrink.ts';

const program = new Command()
  .name('simulate')
  .description('Runs the production code of coordinators, agents and balancers in simulated time, from seeds.')
  .option('--seeds <count>', 'how many seeds', whole, 1_000)
  .option('--seed <first>', 'the first seed', whole, 1)
  .option('--faults <names>', `of ${faultNames.join(', ')}; or none`, faultsOf, faultNames)
  .option('--processes <count>', 'how many at a time', some, availableParallelism())
  .option('--only <numbers>', 'of the faults of a seed these alone, as a seed that failed was told with', numbersOf)
  .option('--tell', 'tells the whole story, whether it fails or not', false);

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly faults: readonly FaultName[];
  readonly processes: number;
  readonly only?: readonly number[];
  readonly tell: boolean;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number');
  return value;
}

function some(text: string): number {
  if (whole(text) === 0) throw new InvalidArgumentError('must be one at least');
  return whole(text);
}

function numbersOf(text: string): number[] {
  return text === 'none' ? [] : text.split(',').map(whole);
}

function faultsOf(text: string): FaultName[] {
  if (text === 'none') return [];
  const names = text.split(',');
  const unknown = names.find((name) => !(faultNames as string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`there is no fault "${unknown}"`);
  return names as FaultName[];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What a stretch of seeds came to. */
interface Tally {
  readonly failed: number;
  readonly steps: number;
  readonly events: number;
  readonly longestRestMs: number;
}

/** A stretch ends after so many that failed: whoever mends the first mends most of them. */
const failedMost = 5;

async function runStretch(options: Options): Promise<Tally> {
  let [failed, steps, events, longestRestMs] = [0, 0, 0, 0];
  for (let seed = options.seed; seed < options.seed + options.seeds && failed < failedMost; seed += 1) {
    const { faults, only, tell: isTold } = options;
    const result = await runSeed({ seed, faults, only, isTold });
    steps += result.steps;
    events += result.position;
    longestRestMs = Math.max(longestRestMs, result.restMs);
    if (result.failure !== undefined) {
      failed += 1;
      await explain(result, options);
    } else if (options.tell) print(result.lines.join('\n'));
  }
  return { failed, steps, events, longestRestMs };
}

/** A seed keeps one core busy and shares nothing: each process takes a stretch of them, and says what it came to. */
function runElsewhere({ seed, seeds, faults }: Options): Promise<Tally> {
  const names = faults.join(',') || 'none';
  const words = ['--seed', String(seed), '--seeds', String(seeds), '--faults', names, '--processes', '1'];
  const child = fork(import.meta.filename, words);
  return new Promise((resolve, reject) => {
    child.on('message', (tally) => resolve(tally as Tally));
    child.on('exit', (code, signal) => reject(new Error(`seeds from ${seed} on ended with ${code ?? signal}, untold`)));
  });
}

function stretchesOf(options: Options): Options[] {
  const most = Math.ceil(options.seeds / options.processes);
  const firsts = Array.from({ length: Math.ceil(options.seeds / most) }, (_, index) => options.seed + index * most);
  const end = options.seed + options.seeds;
  return firsts.map((seed) => ({ ...options, seed, seeds: Math.min(most, end - seed) }));
}

async function main(options: Options): Promise<void> {
  const began = performance.now();
  const isAlone = options.processes === 1 || options.tell || options.only !== undefined || options.seeds < 2;
  const tallies = await Promise.all(isAlone ? [runStretch(options)] : stretchesOf(options).map(runElsewhere));
  // Whoever started us adds up.
  if (process.send !== undefined) return void process.send(tallies[0]);
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const failed = sum((tally) => tally.failed);
  const longestRestMs = Math.max(...tallies.map((tally) => tally.longestRestMs));
  const seconds = (performance.now() - began) / 1_000;
  const pace = `${(options.seeds / seconds).toFixed(1)} seeds/s, ${Math.round(sum((tally) => tally.steps) / seconds)} steps/s`;
  print(
    `${options.seeds} seeds from ${options.seed}: ${failed} failed; ${sum((tally) => tally.events)} events, longest rest ${longestRestMs} ms; ${pace}`,
  );
  if (failed > 0) process.exitCode = 1;
}

/** Tells it with no fault more than it takes. */
async function explain(failing: SeedResult, { faults }: Options): Promise<void> {
  const { seed } = failing;
  const { failure, plan } = await shrink(failing, (only) => runSeed({ seed, faults, only }));
  const only = plan.map(({ number }) => number);
  const told = await runSeed({ seed, faults, only, isTold: true });
  const given = faults.length === faultNames.length ? '' : ` --faults ${faults.join(',') || 'none'}`;
  print('');
  print(told.lines.join('\n'));
  print(`\nseed ${seed} failed: ${failing.failure}`);
  if (failure !== failing.failure) print(`with fewer faults: ${failure}`);
  if (told.failure !== failure) print(`told again it failed otherwise: ${told.failure}`);
  const listed = plan.map(({ number, name, at }) => `${number}: ${name} at ${Math.round(at)} ms`).join(', ');
  print(`of ${failing.plan.length} faults it takes ${plan.length}: ${listed || 'none'}`);
  print(`again: npm run simulate -- --seed ${seed} --seeds 1${given} --only ${only.join(',') || 'none'} --tell\n`);
}

program.parse();
await main(program.opts<Options>());
