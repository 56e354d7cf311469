/** Three servers of 2.9, which may differ for good and cannot sync each write: refused, before anything is made on them. */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepare } from '../../src/coordinator/preparation.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { runCli } from '../support/command-line.ts';
import { newFleet } from '../support/coordinators.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';

/** Whatever is on the PATH: Debian 12 has 2.9.10. */
const version = execFileSync('nats-server', ['--version'], { encoding: 'utf8' });

describe('a cluster of NATS 2.9', () => {
  if (!/v2\.9\./.test(version)) {
    it('needs nats-server 2.9', (context) => context.skip(`the PATH has ${version.trim()}`));
    return;
  }
  let cluster: NatsCluster;
  let bus: Bus;
  beforeAll(async () => {
    cluster = await startNatsCluster({ program: 'nats-server' });
    bus = await openBus(cluster.url, 'observer');
  });
  afterAll(async () => {
    await bus?.close();
    await cluster?.stop();
  });

  const preparing = (fleet: ReturnType<typeof newFleet>, allowNotDurable: boolean) =>
    prepare({ bus, fleet, replicas: 3, monitorUrls: cluster.monitorUrls, allowNotDurable, logger: silentLogger });

  it('is refused with what to use instead, and no stream is made', async () => {
    const fleet = newFleet();
    await expect(preparing(fleet, false)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/2\.9\.\d+ is unfit for replicas.*use 2\.10\.27 or later.*--allow-not-durable/),
    });
    await expect(bus.streamStatus(streamNames(fleet).log)).rejects.toThrow(/stream not found/);
  });

  it('is refused by the command line too, and taken where told to only as not durable', async () => {
    const fleet = newFleet();
    const args = ['--nats', cluster.url, '--fleet', fleet, 'coordinator', 'run', '--replicas', '3'];
    const data = ['--data', `${tmpdir()}/muster-${fleet}`, '--nats-monitor', cluster.monitorUrls.join(',')];
    const ran = await runCli([...args, ...data]);
    expect(ran.stderr).toMatch(/unfit for replicas/);
    expect(ran.code).not.toBe(0);
    await expect(preparing(fleet, true)).resolves.toMatchObject({ durability: 'fsync-interval' });
  });
});
