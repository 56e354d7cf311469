/** Row 10: what one changed server costs those who hold the pool, however large it is. */
import { join } from 'node:path';
import type { PoolServer } from '../../src/balancers/balancer.ts';
import { commandsFor } from '../../src/balancers/haproxy/apply.ts';
import { backendOf } from '../../src/balancers/haproxy/config-file.ts';
import { parseServers } from '../../src/balancers/haproxy/observe.ts';
import { ask } from '../../src/balancers/haproxy/runtime-socket.ts';
import { socketFolder } from '../../src/balancers/sockets.ts';
import { systemClock } from '../../src/std/clock.ts';
import { createHaproxyRig } from '../support/haproxy-rig.ts';
import { compare, type Side } from './harness.ts';
import { serverNamed } from './played-agents.ts';
import type { Line, Row } from './report.ts';
import { group } from './scale-fleet.ts';
import { type Size, storyOf } from './scale-story.ts';

const backendServers = 1_000;
const changed = 10;

export const row10: Row = {
  number: 10,
  title: 'one changed server',
  onlyAs: 'scale',
  run: async () => [await bytes(), await commands()],
};

async function bytes(): Promise<Line> {
  const side = async (size: Size): Promise<Side> => {
    const { poolBytes: value } = await storyOf(size);
    return {
      name: `at ${size} servers`,
      unit: 'bytes',
      run: async () => ({ value, operations: 1, cpuMicroseconds: 0 }),
    };
  };
  const comparison = await compare(await side(10_000), await side(100));
  const what = 'pool bytes for one changed server at 10,000 : at 100';
  return { status: 'measured', what, comparison, target: { sense: 'at most', ratio: 1.5 }, durability: 'no disk' };
}

/** What is said to a real HAProxy of so many servers where a few have another weight. */
async function commands(): Promise<Line> {
  const rig = await createHaproxyRig();
  const balancer = rig.create();
  try {
    const pool = Array.from({ length: backendServers }, (_, index) => played(index, 100));
    await balancer.start([{ group, servers: pool }]);
    const socketPath = join(await socketFolder(rig.dataDirectory), 'admin.sock');
    const backend = backendOf(group);
    const desired = pool.map((server, index) => (index < changed ? played(index, 50) : server));
    const value = async () => {
      const listing = await ask({ socketPath, commands: [`show servers state ${backend}`], clock: systemClock });
      const observed = parseServers(listing, backend);
      if (observed.length !== backendServers) throw new Error(`HAProxy lists ${observed.length} servers`);
      return commandsFor({ backend, observed, desired }).length;
    };
    const told: Side = {
      name: `commands that change something, of ${backendServers} servers`,
      unit: 'commands',
      run: async () => ({ value: await value(), operations: 1, cpuMicroseconds: 0 }),
    };
    const servers: Side = {
      name: 'changed servers',
      unit: 'servers',
      run: async () => ({ value: changed, operations: 1, cpuMicroseconds: 0 }),
    };
    const comparison = await compare(told, servers);
    const what = 'HAProxy commands : changed servers';
    return { status: 'measured', what, comparison, target: { sense: 'at most', ratio: 1.1 }, durability: 'no disk' };
  } finally {
    await balancer.stop();
    await rig.cleanUp();
  }
}

function played(index: number, weight: number): PoolServer {
  return { server: serverNamed(index), address: { host: '127.0.0.1', port: 9_000 + index }, weight, admin: 'ready' };
}
