/** `npm run simulate -- --seeds N [--seed S] [--faults a,b]`: stories by the thousand, and the whole of one that fails. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { namesAmong, whole } from '../support/seed-options.ts';
import { type Stretch, runStretch, runStretches } from './stretches.ts';
import { type FaultName, faultNames } from './world/faults.ts';

const program = new Command()
  .name('simulate')
  .description('Runs the production code of coordinators, agents and balancers in simulated time, from seeds.')
  .option('--seeds <count>', 'how many seeds', whole, 1_000)
  .option('--seed <first>', 'the first seed', whole, 1)
  .option('--faults <names>', `of ${faultNames.join(', ')}; or none`, faultsOf, faultNames)
  .addOption(
    new Option('--sync <when>', 'when NATS syncs what it acknowledges: a power cut takes the rest back')
      .choices(['always', 'interval'])
      .default('always'),
  )
  .option('--rot', 'after all that, a bit of the log flips while nobody runs: it must be found, and named', false)
  .option('--processes <count>', 'how many at a time', some, availableParallelism())
  .option('--only <numbers>', 'of the faults of a seed these alone, as a seed that failed was told with', numbersOf)
  .option('--tell', 'tells the whole story, whether it fails or not', false);

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly faults: readonly FaultName[];
  readonly sync: 'always' | 'interval';
  readonly rot: boolean;
  readonly processes: number;
  readonly only?: readonly number[];
  readonly tell: boolean;
}

function some(text: string): number {
  if (whole(text) === 0) throw new InvalidArgumentError('must be one at least');
  return whole(text);
}

function numbersOf(text: string): number[] {
  return text === 'none' ? [] : text.split(',').map(whole);
}

function faultsOf(text: string): FaultName[] {
  return text === 'none' ? [] : namesAmong(faultNames)(text);
}

function print(text: string): void {
  process.stdout.write(text);
}

async function main({ processes, rot: rots, tell: isTold, ...options }: Options): Promise<void> {
  const began = performance.now();
  const stretch: Stretch = { ...options, rots, isTold };
  const isAlone = processes === 1 || isTold || options.only !== undefined || options.seeds < 2;
  const tally = isAlone ? await runStretch(stretch, print) : await runStretches(stretch, processes, print);
  // Whoever started us adds up.
  if (process.send !== undefined) return void process.send(tally, () => process.disconnect());
  const { failed, events, steps, lost, longestRestMs } = tally;
  const seconds = (performance.now() - began) / 1_000;
  const pace = `${(options.seeds / seconds).toFixed(1)} seeds/s, ${Math.round(steps / seconds)} steps/s`;
  const taken = lost === 0 ? '' : ` ${lost} acknowledged records lost, and missed;`;
  print(
    `${options.seeds} seeds from ${options.seed}: ${failed} failed; ${events} events,${taken} longest rest ${longestRestMs} ms; ${pace}\n`,
  );
  if (failed > 0) process.exitCode = 1;
}

program.parse();
await main(program.opts<Options>());
