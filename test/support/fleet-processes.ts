/**
 * A fleet of real processes, each started as a person would start it: through the built command line. Everything
 * lives in one folder and ends with `stop`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Muster, connectMuster } from '../../src/client/index.ts';
import { balancerPids, type BalancerKind } from './balancer-pids.ts';
import { findEnvoy } from './envoy-binary.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type NatsServer, startNats } from './nats-server.ts';
import { commandAt, type Place, thisMachine } from './place.ts';

const cli = resolve(import.meta.dirname, '../../dist/services/cli/main.js');

export interface FleetProcess {
  readonly name: string;
  /** Another one after a restart. */
  readonly child: ChildProcess;
  /** Sends the signal and, for those that end a process, waits until it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts one that has ended anew, with the same words. Waits for nothing of what it does then. */
  restart(): Promise<void>;
}

export interface StartFleetOptions {
  /** Default: one of its own. Whoever gives one stops it. */
  readonly nats?: NatsServer;
  /** Of the process of this name. Default: this machine. */
  readonly placeOf?: (name: string) => Place;
  /** Further words for `coordinator run`. */
  readonly coordinatorWords?: readonly string[];
}

export interface FleetProcesses {
  readonly nats: NatsServer;
  readonly muster: Muster;
  readonly directory: string;
  /** `http://127.0.0.1:<port>` of a group's frontend. */
  origin(group: string): string;
  /** The same of a gateway itself, past every balancer. */
  gatewayOrigin(name: string): string;
  /** `name`: also its data folder's, with a key of its own; the first one's by default. */
  startCoordinator(name?: string): Promise<FleetProcess>;
  startGateway(name: string): Promise<FleetProcess>;
  /** The pool sync; it starts the balancer's own program, or adopts the one that runs. */
  startBalancer(groups: readonly string[], kind?: BalancerKind): Promise<FleetProcess>;
  /** The balancer's own processes, not the pool sync. */
  balancerPids(kind?: BalancerKind): Promise<number[]>;
  /** Runs one command of the command line to its end. */
  run(...words: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  stop(): Promise<void>;
}

export async function startFleet(options: StartFleetOptions = {}): Promise<FleetProcesses> {
  const { placeOf = () => thisMachine, coordinatorWords = [] } = options;
  const directory = await mkdtemp(join(tmpdir(), 'muster-e2e-'));
  const nats = options.nats ?? (await startNats());
  const running: FleetProcess[] = [];
  const portByName = new Map<string, number>();
  const kinds = new Set<BalancerKind>();
  const balancerByFrontend = new Map<string, BalancerKind>();
  let muster: Muster | undefined;
  const start = async (name: string, words: string[]): Promise<FleetProcess> => {
    const started = await launch({ name, directory, words: ['--nats', nats.url, ...words], place: placeOf(name) });
    running.push(started);
    return started;
  };
  const portOf = async (name: string) => {
    const port = portByName.get(name) ?? (await freePort());
    portByName.set(name, port);
    return port;
  };
  const originOf = (process: string, name: string) => `http://${placeOf(process).address}:${portByName.get(name)}`;
  return {
    nats,
    directory,
    get muster() {
      if (muster === undefined) throw new Error('start a coordinator first');
      return muster;
    },
    origin: (group) => originOf(balancerByFrontend.get(group) ?? '', `frontend:${group}`),
    gatewayOrigin: (name) => originOf(name, `gateway:${name}`),
    async startCoordinator(name = 'coordinator') {
      const started = await start(name, ['coordinator', 'run', '--data', join(directory, name), ...coordinatorWords]);
      muster ??= await connectMuster({ url: nats.url, principal: 'e2e' });
      await eventually(() => muster?.query('coordinator', {}, { timeoutMs: 1_000 }), {
        timeoutMs: 20_000,
        what: 'a coordinator',
      });
      return started;
    },
    async startGateway(name) {
      const listen = `${placeOf(name).address}:${await portOf(`gateway:${name}`)}`;
      return start(name, ['gateway', 'run', '--name', name, '--listen', listen, '--data', join(directory, name)]);
    },
    async startBalancer(groups, kind = 'haproxy') {
      kinds.add(kind);
      const words = ['balancer', 'run', '--name', kind, '--data', join(directory, kind)];
      if (kind !== 'haproxy') words.push('--kind', kind);
      const program = kind === 'envoy' ? findEnvoy() : undefined;
      if (program !== undefined) words.push('--program', program);
      for (const group of groups) {
        balancerByFrontend.set(group, kind);
        words.push('--frontend', `${group}=${placeOf(kind).address}:${await portOf(`frontend:${group}`)}`);
      }
      return start(kind, words);
    },
    balancerPids: (kind = 'haproxy') => balancerPids(kind, join(directory, kind)),
    async run(...words) {
      const child = spawn(process.execPath, [cli, '--nats', nats.url, '--as', 'e2e', ...words], { cwd: directory });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk) => (out += chunk));
      child.stderr.on('data', (chunk) => (err += chunk));
      const [code] = (await once(child, 'close')) as [number];
      return { code, out, err };
    },
    async stop() {
      await muster?.close();
      // A balancer's own program outlives a pool sync that is killed; nobody else has anything left to end in order.
      const isBalancer = ({ name }: FleetProcess) => kinds.has(name as BalancerKind);
      await Promise.all(running.map((each) => each.kill(isBalancer(each) ? 'SIGTERM' : 'SIGKILL')));
      for (const kind of kinds) {
        for (const pid of await balancerPids(kind, join(directory, kind))) process.kill(pid, 'SIGKILL');
      }
      if (options.nats === undefined) await nats.stop();
      if (process.env['DRILL_KEEP'] === undefined)
        await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

async function launch({ name, directory, words, place }: LaunchOptions): Promise<FleetProcess> {
  const log = createWriteStream(join(directory, `${name}.log`), { flags: 'a' });
  const begin = async () => {
    const [program, args] = commandAt(place, [process.execPath, cli, ...words]);
    const begun = spawn(program, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    begun.stdout.pipe(log, { end: false });
    begun.stderr.pipe(log, { end: false });
    await once(begun, 'spawn');
    return begun;
  };
  let child = await begin();
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    name,
    get child() {
      return child;
    },
    async kill(signal) {
      if (hasEnded()) return;
      const gone = signal === 'SIGSTOP' || signal === 'SIGCONT' ? undefined : once(child, 'exit');
      child.kill(signal);
      await gone;
    },
    async restart() {
      if (!hasEnded()) throw new Error(`${name} still runs`);
      child = await begin();
    },
  };
}

interface LaunchOptions {
  readonly name: string;
  readonly directory: string;
  readonly words: readonly string[];
  readonly place: Place;
}

/** What a process wrote, for the message of a failed test. */
export async function logOf(fleet: FleetProcesses, name: string): Promise<string> {
  return readFile(join(fleet.directory, `${name}.log`), 'utf8');
}
