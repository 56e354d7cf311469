/** An Envoy balancer in a folder of its own, with ports of its own, for tests; and the process behind it. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvoyBalancer, type EnvoyOptions } from '../../src/balancers/envoy/envoy-balancer.ts';
import { EnvoyProcess } from '../../src/balancers/envoy/process.ts';
import { listProcesses } from '../../src/balancers/process-list.ts';
import { systemClock } from '../../src/std/clock.ts';
import { freeBasePort } from './free-port.ts';

export interface EnvoyRig {
  readonly dataDirectory: string;
  readonly process: EnvoyProcess;
  create(options?: Partial<EnvoyOptions>): EnvoyBalancer;
  kill(): Promise<void>;
  cleanUp(): Promise<void>;
}

export async function createEnvoyRig(binary: string, xds: 'files' | 'rest' = 'files'): Promise<EnvoyRig> {
  const basePort = freeBasePort();
  const dataDirectory = realpathSync(mkdtempSync(join(tmpdir(), 'muster-env-')));
  const bootstrapPath = join(dataDirectory, 'bootstrap.json');
  const envoy = new EnvoyProcess({
    binary,
    bootstrapPath,
    adminSocketPath: join(dataDirectory, 'admin.sock'),
    logPath: join(dataDirectory, 'envoy.log'),
    startProcess: true,
    xds,
    clock: systemClock,
  });
  return {
    dataDirectory,
    process: envoy,
    create: (options) => new EnvoyBalancer({ dataDirectory, clock: systemClock, basePort, binary, xds, ...options }),
    async kill() {
      const ours = (await listProcesses()).filter(({ title }) => title.includes(` -c ${bootstrapPath} `));
      for (const { pid } of ours) process.kill(pid, 'SIGKILL');
    },
    async cleanUp() {
      await envoy.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
