/**
 * The walls between rooms, as a table and a pure checker. Biome says the same of a single import by its spelling;
 * this one resolves relative paths, knows which packages a room may have at all, and cannot be silenced by a comment.
 */
import { posix } from 'node:path';

/** What a room may reach. Relative imports are judged by the folder they resolve to, packages by their name. */
interface Wall {
  readonly room: string;
  /** Packages it may import. */
  readonly packages: readonly string[];
  readonly node: boolean;
  /** Folders it may reach, itself aside; `undefined`: every one but `not`. */
  readonly only?: readonly string[];
  readonly not?: readonly string[];
}

const pureRooms = ['src/domain', 'src/rollout', 'src/projections', 'src/forecast', 'src/fleet-file'];
const shellRooms = [
  'src/changes',
  'src/coordinator',
  'src/pool-sync',
  'src/client',
  'src/agent',
  'src/audit',
  'services',
];
const pureReach = ['schemas', 'src/std', ...pureRooms, 'src/server-machine'];

/** The first wall whose room holds the file is the one that counts: deeper rooms stand before wider ones. */
export const walls: readonly Wall[] = [
  { room: 'schemas', packages: ['zod'], node: false, only: [] },
  ...pureRooms.map((room) => ({ room, packages: ['zod'], node: false, only: pureReach })),
  { room: 'src/server-machine', packages: ['xstate'], node: false, only: pureReach },
  { room: 'src/std', packages: ['zod'], node: true, only: [] },
  { room: 'src/wire', packages: ['@msgpack/msgpack', 'zod'], node: true, only: ['schemas', 'src/std'] },
  { room: 'src/nats', packages: ['nats'], node: true, only: ['schemas', 'src/std', 'src/telemetry'] },
  { room: 'src/telemetry', packages: ['pino', 'prom-client'], node: true, not: ['src/nats', ...shellRooms] },
  { room: 'src/eventlog', packages: ['zod'], node: true, not: shellRooms },
  {
    room: 'src/bundles',
    packages: ['tar-stream', 'yaml', 'zod'],
    node: true,
    only: ['schemas', 'src/std', 'src/wire'],
  },
  {
    room: 'src/balancers',
    packages: ['undici', 'zod'],
    node: true,
    only: ['schemas', 'src/std', 'src/telemetry'],
  },
  {
    room: 'src/client',
    packages: ['tar-stream', 'yaml', 'zod'],
    node: true,
    not: ['src/domain', 'src/coordinator', 'services'],
  },
  {
    room: 'src/agent',
    packages: ['tar-stream', 'yaml', 'undici', 'find-my-way', 'zod'],
    node: true,
    not: ['src/domain', 'src/coordinator', 'services'],
  },
  { room: 'src/proof', packages: ['zod'], node: true, only: ['schemas', 'src/std'] },
  { room: 'src/snapshots', packages: ['zod'], node: true, not: shellRooms },
  {
    room: 'src/changes',
    packages: ['zod'],
    node: true,
    not: ['src/coordinator', 'src/agent', 'src/pool-sync', 'src/balancers', 'services'],
  },
  { room: 'src/audit', packages: ['zod'], node: true, not: ['src/coordinator', 'services'] },
  {
    room: 'src/coordinator',
    packages: ['zod'],
    node: true,
    not: ['src/client', 'src/agent', 'src/audit', 'src/pool-sync', 'src/balancers', 'services'],
  },
  {
    room: 'src/pool-sync',
    packages: ['zod'],
    node: true,
    not: ['src/domain', 'src/coordinator', 'src/agent', 'services'],
  },
  {
    room: 'services/cli',
    packages: ['commander', 'yaml', 'zod', 'undici'],
    node: true,
    not: ['src/domain', 'src/coordinator'],
  },
  {
    room: 'src/follower',
    packages: ['zod'],
    node: true,
    not: ['src/client', 'src/agent', 'src/audit', 'src/pool-sync', 'src/balancers', 'services'],
  },
  {
    // What runs in the browser: the contract's shapes at most, nothing of Node.
    room: 'services/dashboard/web',
    packages: [
      '@tanstack/react-query',
      '@vitejs/plugin-react',
      'react',
      'react-aria-components',
      'react-dom',
      'uplot',
      'vite',
    ],
    node: false,
    only: ['schemas'],
  },
  {
    room: 'services/dashboard',
    packages: [
      '@fastify/rate-limit',
      '@fastify/static',
      '@fastify/swagger',
      'fastify',
      'fastify-type-provider-zod',
      'prom-client',
      'yaml',
      'zod',
    ],
    node: true,
    not: ['coordinator', 'balancer', 'gateway', 'cli'].map((other) => `services/${other}`),
  },
  ...['coordinator', 'balancer', 'gateway'].map((name) => ({
    room: `services/${name}`,
    packages: ['undici', 'find-my-way', 'zod', 'commander'],
    node: true,
    not: ['coordinator', 'balancer', 'gateway', 'dashboard', 'cli']
      .filter((other) => other !== name)
      .map((other) => `services/${other}`),
  })),
];

/** Words of a pure room's code that reach for time, randomness or the world, whatever is imported. */
const worldly =
  /(?<![\w.#'"`])(?:Date\s*[.(]|new\s+Date\b|Math\s*\.\s*random\b|Math\s*\[|performance\s*\.|process\s*\.|crypto\s*\.|globalThis\b|setTimeout\b|setInterval\b|setImmediate\b|queueMicrotask\b)/;
const asynchronous = /(?<![\w.#'"`])(?:async\b|await\b)/;
const silentRooms = ['schemas', ...pureRooms, 'src/server-machine'];

export interface Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every way in which this file climbs a wall, in words; empty when it keeps to its room. */
export function offences({ path, text }: Source): string[] {
  const wall = walls.find(({ room }) => inside(path, room));
  if (wall === undefined) return [`${path}: stands in no room with walls: add the room to the table`];
  const code = withoutComments(text);
  const found = importsOf(code).flatMap((specifier) => climb(wall, path, specifier));
  if (silentRooms.includes(wall.room)) {
    const world = worldly.exec(code);
    if (world !== null) found.push(`reaches for "${world[0].trim()}": time, randomness and the world come in`);
    if (asynchronous.test(code)) found.push('is asynchronous: pure rooms return data');
  }
  return found.map((text) => `${path}: ${text}`);
}

function climb(wall: Wall, path: string, specifier: string): string[] {
  if (specifier.startsWith('node:')) return wall.node ? [] : [`imports "${specifier}", and ${wall.room} knows no Node`];
  if (!specifier.startsWith('.')) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    return wall.packages.includes(name) ? [] : [`imports "${name}", which ${wall.room} may not know`];
  }
  const target = posix.join(posix.dirname(path), specifier);
  if (target.startsWith('..')) return [`imports "${specifier}", outside the repository`];
  if (inside(target, wall.room)) return [];
  const open = wall.only === undefined || wall.only.some((room) => inside(target, room));
  const shut = wall.not?.some((room) => inside(target, room)) ?? false;
  return open && !shut ? [] : [`imports "${target}", which ${wall.room} may not know`];
}

function inside(path: string, room: string): boolean {
  return path.startsWith(`${room}/`);
}

/** Specifiers of every import and re-export, `import()` and `import type` included. */
function importsOf(code: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\brequire\s*\(\s*)(['"])([^'"]+)\1/g;
  return [...code.matchAll(pattern)].map((match) => match[2] ?? '');
}

/** Good enough for our own sources: a comment marker inside a string only ever hides what follows on its line. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|[^:'"`])\/\/.*$/gm, '$1');
}
