/**
 * `npm run chaos -- --minutes N [--seed S] [--faults a,b]`: real processes, real faults, and the books at the end. As root
 * it runs in namespaces of its own, with everything it starts: when it ends, however it ends, all of that is gone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { debianProgram } from '../support/nats-versions.ts';
import { namesAmong, whole } from '../support/seed-options.ts';
import { runChaos } from './chaos.ts';
import { type FaultName, faultNames } from './faults.ts';
import { ownNamespaces } from './hosts.ts';
import { planChaos } from './schedule.ts';

interface Options {
  readonly minutes: number;
  readonly seed?: number;
  readonly faults: readonly FaultName[];
  readonly plan: boolean;
}

const program = new Command()
  .name('chaos')
  .description('Plays with a whole fleet of real processes while everything goes wrong, and checks the books.')
  .option('--minutes <count>', 'how long things go wrong', positive, 4)
  .option('--seed <seed>', 'what goes wrong, and when (default: another one each time)', whole)
  .option('--faults <names>', `of ${faultNames.join(', ')}`, namesAmong(faultNames), faultNames)
  .option('--plan', 'shows the schedule, and does nothing', false);

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 24 * 60)) throw new InvalidArgumentError('must be minutes, at most a day of them');
  return value;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The shell in between is the first process of its namespace: it reaps what others leave behind. */
async function inOwnNamespaces(): Promise<number> {
  // Fetched now if it is to be: inside there is no way out. Whoever misses it says so in there.
  debianProgram('nats-2.10');
  const script = fileURLToPath(import.meta.url);
  const kinds = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const shell = [
    'sh',
    '-c',
    '"$0" "$@"; exit $?',
    process.execPath,
    '--import',
    'tsx',
    script,
    ...process.argv.slice(2),
  ];
  const child = spawn('unshare', [...kinds, ...shell], {
    stdio: 'inherit',
    env: { ...process.env, [ownNamespaces]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill('SIGKILL'));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function main({ minutes, seed = randomInt(2 ** 31), faults, plan }: Options): Promise<number> {
  print(`chaos: seed ${seed}, ${minutes} minutes`);
  if (plan) {
    for (const { at, name, lastsMs } of planChaos({ seed, forMs: minutes * 60_000, names: faults })) {
      print(`${(at / 1_000).toFixed(1).padStart(7)} s ${name} for ${lastsMs} ms`);
    }
    return 0;
  }
  const wrong = await runChaos({ seed, minutes, faults, print });
  for (const line of wrong) print(`WRONG: ${line}`);
  const given = faults.length === faultNames.length ? '' : ` --faults ${faults.join(',')}`;
  if (wrong.length > 0) print(`again: npm run chaos -- --minutes ${minutes} --seed ${seed}${given}`);
  print(wrong.length === 0 ? `chaos: seed ${seed} held` : `chaos: seed ${seed} did not hold`);
  return wrong.length === 0 ? 0 : 1;
}

program.parse();
const options = program.opts<Options>();
const isRoot = process.getuid?.() === 0;
process.exitCode =
  isRoot && !options.plan && process.env[ownNamespaces] === undefined ? await inOwnNamespaces() : await main(options);
