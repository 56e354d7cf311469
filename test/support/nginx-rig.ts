/** An nginx balancer in a folder of its own, with ports of its own, for tests; and the processes behind it. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NginxBalancer, type NginxOptions } from '../../src/balancers/nginx/nginx-balancer.ts';
import { NginxProcess } from '../../src/balancers/nginx/process.ts';
import { systemClock } from '../../src/std/clock.ts';
import { freeBasePort } from './free-port.ts';

export interface NginxRig {
  readonly dataDirectory: string;
  readonly process: NginxProcess;
  create(options?: Partial<NginxOptions>): NginxBalancer;
  /** Kills master and workers. */
  kill(): Promise<void>;
  cleanUp(): Promise<void>;
}

export async function createNginxRig(defaults: Partial<NginxOptions> = {}): Promise<NginxRig> {
  const basePort = freeBasePort();
  const dataDirectory = realpathSync(mkdtempSync(join(tmpdir(), 'muster-ngx-')));
  const process_ = new NginxProcess({
    binary: 'nginx',
    dataDirectory,
    configPath: join(dataDirectory, 'nginx.conf'),
    statusSocketPath: join(dataDirectory, 'status.sock'),
    logPath: join(dataDirectory, 'nginx.log'),
    startProcess: true,
    clock: systemClock,
  });
  return {
    dataDirectory,
    process: process_,
    create: (options) => new NginxBalancer({ dataDirectory, clock: systemClock, basePort, ...defaults, ...options }),
    async kill() {
      const { master, running, leaving } = await process_.workers();
      for (const pid of [master, ...running, ...leaving]) process.kill(pid, 'SIGKILL');
    },
    async cleanUp() {
      await process_.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
