/** The processes of a balancer's own program, by what it says itself: what a drill kills. */
import { join } from 'node:path';
import { HaproxyProcess } from '../../src/balancers/haproxy/process.ts';
import { NginxProcess } from '../../src/balancers/nginx/process.ts';
import { listProcesses } from '../../src/balancers/process-list.ts';
import { socketFolder } from '../../src/balancers/sockets.ts';
import { systemClock } from '../../src/std/clock.ts';

/** Balancers that have a program of their own. */
export type BalancerKind = 'haproxy' | 'nginx' | 'envoy';

/** In `directory`, the data of the pool sync that drives it. Empty when none runs. */
export function balancerPids(kind: BalancerKind, directory: string): Promise<number[]> {
  switch (kind) {
    case 'haproxy':
      return haproxyPids(join(directory, kind));
    case 'nginx':
      return nginxPids(join(directory, kind));
    case 'envoy':
      return envoyPids(join(directory, kind));
  }
}

/** Master and workers, those that finish their last requests too. */
async function nginxPids(folder: string): Promise<number[]> {
  const nginx = new NginxProcess({
    binary: 'nginx',
    dataDirectory: folder,
    configPath: join(folder, 'nginx.conf'),
    statusSocketPath: join(await socketFolder(folder), 'status.sock'),
    logPath: join(folder, 'nginx.log'),
    startProcess: true,
    clock: systemClock,
  });
  const { master, running, leaving } = await nginx.workers();
  return [master, ...running, ...leaving].filter((pid) => pid !== 0);
}

async function envoyPids(folder: string): Promise<number[]> {
  const mark = ` -c ${join(folder, 'bootstrap.json')} `;
  return (await listProcesses()).filter(({ title }) => title.includes(mark)).map(({ pid }) => pid);
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
