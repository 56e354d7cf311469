/**
 * `muster up`: a whole fleet on one machine, for a newcomer's first minute and for work on a laptop.
 *
 * Promises: starts what it needs and stops exactly that, in order; a second signal forces; what an earlier `up` left
 * behind after a kill is ended first. Must not know: how a service works; it starts each as a process of its own.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectMuster, type Muster } from '../../../src/client/muster.ts';
import { Failure } from '../../../src/std/failure.ts';
import { durabilityWords } from '../durability-words.ts';
import { exitCodes } from '../exit-codes.ts';
import { natsAccessOf } from '../nats-access.ts';
import { type Output, complaintOfThrown, createOutput } from '../output.ts';
import { type GlobalOptions, natsFile } from '../target.ts';
import { Children } from './children.ts';
import { firstRun } from './first-run.ts';
import { type Folders, openFolders } from './folders.ts';
import { greet } from './greeting.ts';
import { onTwoSignals } from '../two-signals.ts';
import { lockName, takeLock } from './lock.ts';
import { defineNats, natsPortUsual } from './nats-child.ts';
import { adoptStrays, killStrays, reapLeftovers, type Stray } from './pid-files.ts';
import { Ports } from './ports.ts';
import { seedPrincipal } from './seed.ts';
import { untilServed } from './until-served.ts';
import { type ServicePlan, haproxyFile, planServices } from './services.ts';

interface Run {
  readonly options: GlobalOptions;
  readonly output: Output;
  readonly base: string;
  readonly folders: Folders;
  readonly children: Children;
  /** Fires when stopping begins. */
  readonly signal: AbortSignal;
}

/**
 * In this order everything stops. A gateway that stops drains itself, which its balancer must confirm and the
 * coordinator decide: so these come after it.
 */
const stopOrder = [
  ['apigateway', 'apigateway1'],
  ['balancer'],
  ['coordinator'],
  ['dashboard'],
  ['nats-server'],
] as const;

export async function up(options: GlobalOptions): Promise<never> {
  const output = createOutput(options);
  const base = process.cwd();
  const folders = openFolders(base);
  const lock = takeLock(folders.run);
  if (lock.status === 'taken') {
    const who = lock.pid === undefined ? 'is just starting' : `runs as pid ${lock.pid}`;
    output.complain({
      code: 'already-running',
      message: `another muster up of this folder ${who}`,
      next: 'muster group list',
    });
    process.exit(exitCodes.rejected);
  }
  const onTrouble = (line: string) => output.step(`${output.paint.yellow('trouble')}   ${line}`);
  const children = new Children({ folders, onTrouble });
  const stopping = stopOnSignals(output, () => {
    children.kill();
    killStrays(haproxyOf(folders));
  });
  const run = { options, output, base, folders, children, signal: stopping.signal };
  let exitCode: number = exitCodes.done;
  try {
    await Promise.race([start(run), stopping.requested]);
    await stopping.requested;
    output.step('stopping; Ctrl-C again to force');
  } catch (caught) {
    const { complaint } = complaintOfThrown(caught, options.nats ?? '');
    output.complain({ ...complaint, next: `look into ${folders.log}` });
    exitCode = exitCodes.failed;
  }
  for (const names of stopOrder) await children.stop(names);
  rmSync(join(base, natsFile), { force: true });
  lock.release();
  process.exit(exitCode);
}

/** HAProxy outlives the balancer service that started it, on purpose: its command line names our file. */
function haproxyOf(folders: Folders): Stray {
  return { program: 'haproxy', mark: haproxyFile(folders) };
}

/** Starts everything and says where to send a request. Resolves when the fleet is up. */
async function start(run: Run): Promise<void> {
  const { options, output, base, folders, signal } = run;
  adoptStrays(folders.run, haproxyOf(folders));
  const reaped = await reapLeftovers(folders.run, [lockName]);
  if (reaped.length > 0) step(output, 'ended', `what an earlier run left behind: ${reaped.join(', ')}`);
  const ports = new Ports(folders.root);
  const bus = await startBus(run, ports);
  writeFileSync(join(base, natsFile), JSON.stringify({ url: bus.url, fleet: options.fleet, pid: process.pid }));
  const plan = await planServices({
    folders,
    ports,
    fleet: options.fleet,
    natsUrl: bus.url,
    natsMonitorUrl: bus.monitorUrl,
  });
  // First: everything that follows can be watched, from its beginning.
  await run.children.start(plan.dashboard);
  step(output, 'started', `dashboard: ${output.paint.bold(plan.dashboardUrl)}`);
  await startServices(run, plan);
  const muster = await connectMuster({
    url: bus.url,
    ...natsAccessOf(process.env),
    fleet: options.fleet,
    principal: seedPrincipal,
    signal,
  });
  try {
    if (bus.monitorUrl === undefined) await tellDurability(muster, run);
    await firstRun(muster, { signal, onStep: (line) => step(output, 'seeded', line) });
    await untilServed(muster, { entryByGroup: plan.entryByGroup, signal });
    await greet(muster, { output, plan, signal });
  } finally {
    await muster.close();
  }
}

async function startBus({ options, output, folders, children }: Run, ports: Ports) {
  const given = options.nats || process.env['NATS_URL'];
  if (given) {
    step(output, 'uses', `the NATS server at ${given}; it is not ours, so it stays when we stop`);
    return { url: given, monitorUrl: undefined };
  }
  const port = await ports.claim('nats', natsPortUsual);
  const nats = defineNats(folders, { port, monitorPort: await ports.claim('nats-monitor') });
  await children.start(nats.definition);
  step(
    output,
    'started',
    `nats-server at ${nats.url}${nats.syncsAlways ? '' : ` ${output.paint.yellow('(not durable: before 2.10 it cannot sync each write)')}`}`,
  );
  return nats;
}

/** Of a NATS server that is not ours the coordinator says it, by what the server tells of itself. */
async function tellDurability(muster: Muster, { output, signal }: Run): Promise<void> {
  const answer = await muster.query('coordinator', {}, { signal });
  if (answer.status !== 'ok') throw new Failure({ code: 'unavailable', retryable: true, message: answer.message });
  const { durability } = answer.data;
  const words = `what it acknowledges: ${durabilityWords[durability]}`;
  step(output, 'found', durability === 'fsync-always' ? words : output.paint.yellow(words));
}

/** The balancer comes last: a gateway it finds down at first gets traffic only some checks later. */
async function startServices({ output, children }: Run, plan: ServicePlan): Promise<void> {
  for (const together of [[plan.coordinator], plan.gateways, [plan.balancer]]) {
    await Promise.all(
      together.map(async (definition) => {
        await children.start(definition);
        step(output, 'started', definition.name);
      }),
    );
  }
}

function step(output: Output, verb: string, line: string): void {
  output.step(`${output.paint.green(verb.padEnd(8))} ${line}`);
}

/** The first signal asks everything to stop, a second one kills it. */
function stopOnSignals(output: Output, kill: () => void): { requested: Promise<void>; signal: AbortSignal } {
  const abort = new AbortController();
  const requested = new Promise<void>((resolve) => {
    onTwoSignals({
      stop() {
        abort.abort();
        resolve();
      },
      force() {
        output.step('killing what is left');
        kill();
        process.exit(exitCodes.failed);
      },
    });
  });
  return { requested, signal: abort.signal };
}
