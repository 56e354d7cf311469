/** A HAProxy balancer in a folder of its own, with the OS's ports, for tests; and the process behind it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaproxyBalancer } from '../../src/balancers/haproxy/haproxy-balancer.ts';
import { HaproxyProcess } from '../../src/balancers/haproxy/process.ts';
import { systemClock } from '../../src/std/clock.ts';

export interface HaproxyRig {
  readonly dataDirectory: string;
  /** To look at and to end the process behind the balancer. */
  readonly process: HaproxyProcess;
  create(): HaproxyBalancer;
  /** Kills master and workers. */
  kill(): Promise<void>;
  cleanUp(): Promise<void>;
}

export async function createHaproxyRig(): Promise<HaproxyRig> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'muster-hap-'));
  const managed = new HaproxyProcess({
    binary: 'haproxy',
    configPath: join(dataDirectory, 'haproxy.cfg'),
    adminSocketPath: join(dataDirectory, 'admin.sock'),
    masterSocketPath: join(dataDirectory, 'master.sock'),
    logPath: join(dataDirectory, 'haproxy.log'),
    startProcess: true,
    clock: systemClock,
  });
  return {
    dataDirectory,
    process: managed,
    create: () => new HaproxyBalancer({ dataDirectory, clock: systemClock, basePort: 0 }),
    async kill() {
      const now = await managed.processes();
      if (now === undefined) return;
      for (const pid of [now.master, now.worker, ...now.leaving]) if (pid !== 0) process.kill(pid, 'SIGKILL');
    },
    async cleanUp() {
      await managed.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
