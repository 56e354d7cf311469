#!/usr/bin/env node
/** `muster`: the command line. Builds only the part of the command tree that was asked for, so that a start stays quick. */
import { Command, CommanderError, Option } from 'commander';
import { exitCodes } from './exit-codes.ts';
import type { OutputFormat } from './target.ts';
import { packageVersion } from './version.ts';

interface Noun {
  readonly summary: string;
  /** Adds the command with everything below it. */
  readonly load: () => Promise<(program: Command) => void>;
}

const nouns: Readonly<Record<string, Noun>> = {
  up: { summary: 'start a whole fleet on this machine', load: async () => (await import('./commands/up.ts')).addUp },
  setup: {
    summary: 'find or install what npm cannot bring: nats-server and haproxy',
    load: async () => (await import('./commands/setup.ts')).addSetup,
  },
  group: { summary: 'server groups', load: async () => (await import('./commands/group.ts')).addGroup },
  server: { summary: 'gateway servers', load: async () => (await import('./commands/server.ts')).addServer },
  project: {
    summary: 'API projects and their versions',
    load: async () => (await import('./commands/project.ts')).addProject,
  },
  deploy: {
    summary: 'run a project version on a group',
    load: async () => (await import('./commands/deploy.ts')).addDeploy,
  },
  release: {
    summary: 'deploy several projects as one',
    load: async () => (await import('./commands/deploy.ts')).addRelease,
  },
  rollout: {
    summary: 'new versions on their way through groups',
    load: async () => (await import('./commands/rollout.ts')).addRollout,
  },
  rollback: {
    summary: 'back to what a group ran before',
    load: async () => (await import('./commands/rollback.ts')).addRollback,
  },
  plan: {
    summary: 'what a fleet file would change, before it does',
    load: async () => (await import('./commands/plan.ts')).addPlan,
  },
  apply: { summary: 'carry a plan out', load: async () => (await import('./commands/plan.ts')).addApply },
  undeploy: {
    summary: 'take a project off a group',
    load: async () => (await import('./commands/deploy.ts')).addUndeploy,
  },
  deployment: {
    summary: 'which version of what runs on which group',
    load: async () => (await import('./commands/deployment.ts')).addDeployment,
  },
  pool: {
    summary: 'what balancers spread traffic over',
    load: async () => (await import('./commands/pool.ts')).addPool,
  },
  balancer: { summary: 'load balancers', load: async () => (await import('./commands/balancer.ts')).addBalancer },
  log: { summary: 'what happened: the newest events', load: async () => (await import('./commands/log.ts')).addLog },
  diff: {
    summary: 'what changed between two positions or times',
    load: async () => (await import('./commands/diff.ts')).addDiff,
  },
  why: {
    summary: 'why something is as it is, and what must happen',
    load: async () => (await import('./commands/why.ts')).addWhy,
  },
  replay: {
    summary: 'recorded history once more, decision by decision',
    load: async () => (await import('./commands/replay.ts')).addReplay,
  },
  audit: {
    summary: 'prove the log, and take it along',
    load: async () => (await import('./commands/audit.ts')).addAudit,
  },
  gateway: { summary: 'run a gateway server', load: async () => (await import('./commands/gateway.ts')).addGateway },
  dashboard: {
    summary: 'run the dashboard and the HTTP API',
    load: async () => (await import('./commands/dashboard.ts')).addDashboard,
  },
  coordinator: {
    summary: 'run a coordinator, or ask the one that runs',
    load: async () => (await import('./commands/coordinator.ts')).addCoordinator,
  },
  nats: { summary: 'what a NATS server must be told', load: async () => (await import('./commands/nats.ts')).addNats },
};

export async function buildProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('muster')
    .description('Coordinates fleets of API-gateway servers: groups, projects, balancers and history in one log.')
    .version(packageVersion(), '-V', 'the version; `muster --version` says it too')
    .option('--nats <url>', 'NATS server (NATS_URL; else the `muster up` of this folder; else nats://127.0.0.1:4222)')
    .option('--fleet <name>', 'fleet', 'main')
    .option('--as <principal>', 'who asks (MUSTER_PRINCIPAL; else NATS_USER; else your user name)')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['table', 'json', 'yaml']).default('table'))
    .option('--no-color', 'plain text, as with NO_COLOR')
    .exitOverride();
  if (formatIn(argv) !== 'json') program.showHelpAfterError('(add --help for what it takes)');
  program.configureOutput({ outputError: (text, write) => write(usageError(text, formatIn(argv))) });
  for (const [name, { summary, load }] of Object.entries(nouns)) {
    if (argv.includes(name)) (await load())(program);
    else program.command(name).summary(summary).description(summary).allowUnknownOption();
  }
  return program;
}

/** Commander's complaint about the command line, as JSON where JSON was asked for. */
function usageError(text: string, format: OutputFormat | undefined): string {
  if (format !== 'json') return text;
  const message = text.trim().replace(/^error: /, '');
  return `${JSON.stringify({ error: { code: 'usage', message } })}\n`;
}

/** Read by hand: a command line that is wrong has not been parsed. */
function formatIn(argv: readonly string[]): OutputFormat | undefined {
  const index = argv.findIndex((argument) => /^(-o|--output)(=|$)|^-ojson$/.test(argument));
  const found = index === -1 ? undefined : argv[index];
  return /json/.test(`${found} ${argv[index + 1] ?? ''}`) && found !== undefined ? 'json' : undefined;
}

/** Without a reader of the data nothing is left to do; steps that nobody reads are no reason to stop. */
function endUnread(): void {
  const isUnread = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  };
  process.stderr.on('error', isUnread);
  process.stdout.on('error', (error) => {
    isUnread(error);
    process.exit(exitCodes.unread);
  });
}

export async function main(argv: readonly string[]): Promise<void> {
  endUnread();
  const program = await buildProgram(argv);
  try {
    // Only in first place: `project publish` has a `--version` of its own.
    const words = argv[0] === '--version' ? ['-V'] : [...argv];
    await program.parseAsync(words, { from: 'user' });
  } catch (caught) {
    if (!(caught instanceof CommanderError)) throw caught;
    // Help that was asked for is no mistake; everything else commander throws is one.
    process.exitCode = caught.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
}

await main(process.argv.slice(2));
