/** The processes of a balancer's own program, by what it says itself: what a drill kills. */
import { join } from 'node:path';
import { HaproxyProcess } from '../../src/balancers/haproxy/process.ts';
import { socketFolder } from '../../src/balancers/sockets.ts';
import { systemClock } from '../../src/std/clock.ts';

/** Balancers the drills are run for; nginx and Envoy are siblings. */
export type BalancerKind = 'haproxy';

/** In `directory`, the data of the pool sync that drives it. Empty when none runs. */
export function balancerPids(kind: BalancerKind, directory: string): Promise<number[]> {
  switch (kind) {
    case 'haproxy':
      return haproxyPids(join(directory, 'haproxy'));
  }
}

async function haproxyPids(folder: string): Promise<number[]> {
  const sockets = await socketFolder(folder);
  const haproxy = new HaproxyProcess({
    binary: 'haproxy',
    configPath: join(folder, 'haproxy.cfg'),
    adminSocketPath: join(sockets, 'admin.sock'),
    masterSocketPath: join(sockets, 'master.sock'),
    logPath: join(folder, 'haproxy.log'),
    startProcess: true,
    clock: systemClock,
  });
  const now = await haproxy.processes();
  return now === undefined ? [] : [now.master, now.worker, ...now.leaving].filter((pid) => pid !== 0);
}
