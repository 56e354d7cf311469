/** A HAProxy balancer in a folder of its own, with ports of its own, for tests; and the process behind it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaproxyBalancer } from '../../src/balancers/haproxy/haproxy-balancer.ts';
import { HaproxyProcess } from '../../src/balancers/haproxy/process.ts';
import { systemClock } from '../../src/std/clock.ts';
import { freeBasePort } from './free-port.ts';

export interface HaproxyRig {
  readonly dataDirectory: string;
  create(): HaproxyBalancer;
  /** Master and workers of the HAProxy whose data is in this folder below ours. */
  pidsIn(folder: string): Promise<number[]>;
  /** Kills master and workers. */
  kill(): Promise<void>;
  cleanUp(): Promise<void>;
}

export async function createHaproxyRig(): Promise<HaproxyRig> {
  const basePort = freeBasePort();
  const dataDirectory = mkdtempSync(join(tmpdir(), 'muster-hap-'));
  const processIn = (folder: string) =>
    new HaproxyProcess({
      binary: 'haproxy',
      configPath: join(dataDirectory, folder, 'haproxy.cfg'),
      adminSocketPath: join(dataDirectory, folder, 'admin.sock'),
      masterSocketPath: join(dataDirectory, folder, 'master.sock'),
      logPath: join(dataDirectory, folder, 'haproxy.log'),
      startProcess: true,
      clock: systemClock,
    });
  const pidsIn = async (folder: string) => {
    const now = await processIn(folder).processes();
    return now === undefined ? [] : [now.master, now.worker, ...now.leaving].filter((pid) => pid !== 0);
  };
  return {
    dataDirectory,
    create: () => new HaproxyBalancer({ dataDirectory, clock: systemClock, basePort }),
    pidsIn,
    async kill() {
      for (const pid of await pidsIn('')) process.kill(pid, 'SIGKILL');
    },
    async cleanUp() {
      for (const folder of ['', 'haproxy']) await processIn(folder).stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
