/** Finds what npm cannot bring, or installs it with the system's package manager. Finding takes milliseconds. */
import { spawnSync } from 'node:child_process';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Output } from './output.ts';
import { findProgram } from './programs.ts';

interface Requirement {
  readonly program: string;
  /** Its package, under the same name in Debian, Ubuntu and Homebrew. */
  readonly package: string;
  readonly needed: (environment: NodeJS.ProcessEnv) => boolean;
}

export const requirements: readonly Requirement[] = [
  // A bus that is somebody else's needs no server of ours.
  { program: 'nats-server', package: 'nats-server', needed: (environment) => !environment['NATS_URL'] },
  { program: 'haproxy', package: 'haproxy', needed: () => true },
];

/** A mirror that answers is done in a minute or two; one that does not must not hold a start for ever. */
const installTimeoutMs = 10 * 60_000;

export async function setup(output: Output, { install }: { readonly install: boolean }): Promise<ExitCode> {
  const missing = requirements.filter(
    ({ program, needed }) => needed(process.env) && findProgram(program) === undefined,
  );
  if (missing.length === 0) {
    await output.data({ status: 'complete', installed: [] }, () => 'everything is here: nothing to install');
    return exitCodes.done;
  }
  const packages = missing.map((requirement) => requirement.package);
  const commands = installCommands(packages);
  if (!install || commands === undefined) return complainMissing(output, packages);
  for (const [program = '', ...args] of commands) {
    output.step(`running: ${[program, ...args].join(' ')}`);
    const { status } = spawnSync(program, args, {
      stdio: ['ignore', 2, 2],
      timeout: installTimeoutMs,
      env: quietEnvironment(),
    });
    // An index that could not be refreshed may still know the package: only a failed install counts.
    if (status !== 0 && args.includes('install')) return complainMissing(output, packages);
  }
  const still = missing.filter(({ program }) => findProgram(program) === undefined);
  if (still.length > 0)
    return complainMissing(
      output,
      still.map((requirement) => requirement.package),
    );
  await output.data({ status: 'complete', installed: packages }, () => `installed: ${packages.join(', ')}`);
  return exitCodes.done;
}

/** What installs the packages on this machine; undefined where nothing we know can. */
export function installCommands(packages: readonly string[]): string[][] | undefined {
  if (findProgram('apt-get') !== undefined) {
    const prefix = rootPrefix();
    if (prefix === undefined) return undefined;
    return [
      [...prefix, 'apt-get', 'update', '-qq'],
      [...prefix, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages],
    ];
  }
  if (findProgram('brew') !== undefined) return [['brew', 'install', ...packages]];
  return undefined;
}

/** Nothing for root; `sudo -n` where it asks for no password; undefined where neither is so. */
function rootPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  if (findProgram('sudo') === undefined) return undefined;
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function complainMissing(output: Output, packages: readonly string[]): ExitCode {
  output.complain({
    code: 'missing-programs',
    message: `this machine has no ${packages.join(' and no ')}, and we could not install ${packages.length === 1 ? 'it' : 'them'}`,
    next: suggestion(packages),
  });
  return exitCodes.failed;
}

function suggestion(packages: readonly string[]): string {
  if (findProgram('apt-get') !== undefined) return `sudo apt-get install -y ${packages.join(' ')}`;
  if (process.platform === 'darwin') return `brew install ${packages.join(' ')}`;
  return `install ${packages.join(' and ')} with your system's package manager, so that the PATH finds ${packages.length === 1 ? 'it' : 'them'}`;
}

/** Nobody is there to answer a package's questions, and a service it brings must not start and take our port. */
function quietEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
}
