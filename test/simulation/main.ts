/** `npm run simulate -- --seeds N [--seed S] [--faults a,b]`: stories by the thousand, and the whole of one that fails. */
import { Command, InvalidArgumentError } from 'commander';
import { type FaultName, faultNames } from './world/faults.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

const program = new Command()
  .name('simulate')
  .description('Runs the production code of coordinators, agents and balancers in simulated time, from seeds.')
  .option('--seeds <count>', 'how many seeds', whole, 1_000)
  .option('--seed <first>', 'the first seed', whole, 1)
  .option('--faults <names>', `of ${faultNames.join(', ')}; or none`, faultsOf, faultNames)
  .option('--tell', 'tells the whole story, whether it fails or not', false);

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly faults: readonly FaultName[];
  readonly tell: boolean;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number');
  return value;
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

async function main(options: Options): Promise<void> {
  const began = performance.now();
  let failed = 0;
  let [steps, events, longestRestMs] = [0, 0, 0];
  for (let seed = options.seed; seed < options.seed + options.seeds; seed += 1) {
    const result = await runSeed({ seed, faults: options.faults, isTold: options.tell });
    steps += result.steps;
    events += result.position;
    longestRestMs = Math.max(longestRestMs, result.restMs);
    if (result.failure !== undefined) {
      failed += 1;
      await explain(result, options);
      if (failed >= 5) break;
    } else if (options.tell) print(result.lines.join('\n'));
  }
  const seconds = (performance.now() - began) / 1_000;
  const pace = `${(options.seeds / seconds).toFixed(1)} seeds/s, ${Math.round(steps / seconds)} steps/s`;
  print(
    `${options.seeds} seeds from ${options.seed}: ${failed} failed; ${events} events, longest rest ${longestRestMs} ms; ${pace}`,
  );
  if (failed > 0) process.exitCode = 1;
}

async function explain({ seed, failure, plan }: SeedResult, { faults }: Options): Promise<void> {
  const told = await runSeed({ seed, faults, isTold: true });
  const given = faults.length === faultNames.length ? '' : ` --faults ${faults.join(',') || 'none'}`;
  print('');
  print(told.lines.join('\n'));
  print(`\nseed ${seed} failed: ${failure}`);
  if (told.failure !== failure) print(`told again it failed otherwise: ${told.failure}`);
  print(`faults: ${plan.map(({ name, at }) => `${name} at ${Math.round(at)} ms`).join(', ')}`);
  print(`again: npm run simulate -- --seed ${seed} --seeds 1${given} --tell\n`);
}

program.parse();
await main(program.opts<Options>());
