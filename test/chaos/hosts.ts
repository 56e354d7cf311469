/**
 * Hosts of their own for processes: a network namespace each, with one address, on a bridge that stands where we run.
 * A cable can be pulled, and one host can be made deaf to another. Needs root, and namespaces that are ours alone (see
 * `main.ts`): then nothing is left of any of it when we end, however we end. Without, everything runs on the loopback
 * and nothing can be cut.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { type Place, thisMachine } from '../support/place.ts';

export interface Hosts {
  readonly canCut: boolean;
  placeOf(name: string): Place;
  /** As a cable that is pulled: nothing arrives, nothing leaves, and nobody is told. */
  unplug(name: string): void;
  plug(name: string): void;
  /** Drops what arrives at `name` from `from`; the other way stays open. */
  deafen(name: string, from: string): void;
  undeafen(name: string, from: string): void;
}

/** Set by whoever gave us namespaces of our own. */
export const ownNamespaces = 'MUSTER_CHAOS_OWN_NAMESPACES';

const bridge = 'chaos';
const network = '10.77.0';
/** Below are ours. */
const firstHost = 10;

export function openHosts(names: readonly string[]): Hosts {
  if (process.env[ownNamespaces] === undefined) return loopback;
  run('mount', '-t', 'tmpfs', 'none', netnsFolder());
  run('ip', 'link', 'set', 'lo', 'up');
  run('ip', 'link', 'add', bridge, 'type', 'bridge');
  run('ip', 'addr', 'add', `${network}.1/24`, 'dev', bridge);
  run('ip', 'link', 'set', bridge, 'up');
  const addressByName = new Map(names.map((name, index) => [name, `${network}.${firstHost + index}`]));
  for (const [name, address] of addressByName) {
    run('ip', 'netns', 'add', name);
    run('ip', 'link', 'add', portOf(name), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    run('ip', 'link', 'set', portOf(name), 'master', bridge, 'up');
    run('ip', '-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) run('ip', '-n', name, 'link', 'set', device, 'up');
  }
  const addressOf = (name: string) => {
    const address = addressByName.get(name);
    if (address === undefined) throw new Error(`there is no host ${name}`);
    return address;
  };
  const filter = (how: '-A' | '-D', name: string, from: string) =>
    run('nsenter', enter(name), 'iptables', '-w', how, 'INPUT', '-s', addressOf(from), '-j', 'DROP');
  return {
    canCut: true,
    placeOf: (name) => ({ address: addressOf(name), enter: ['nsenter', enter(name), '--'] }),
    unplug: (name) => run('ip', 'link', 'set', portOf(name), 'down'),
    plug: (name) => run('ip', 'link', 'set', portOf(name), 'up'),
    deafen: (name, from) => filter('-A', name, from),
    undeafen: (name, from) => filter('-D', name, from),
  };
}

const loopback: Hosts = {
  canCut: false,
  placeOf: () => thisMachine,
  unplug: refuse,
  plug: refuse,
  deafen: refuse,
  undeafen: refuse,
};

function refuse(): never {
  throw new Error('nothing can be cut without namespaces of our own');
}

function netnsFolder(): string {
  mkdirSync('/run/netns', { recursive: true });
  return '/run/netns';
}

/** The bridge's end of a host's cable. */
function portOf(name: string): string {
  return `to-${name}`;
}

function enter(name: string): string {
  return `--net=/run/netns/${name}`;
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
}
