/** The coordinator as a process: options in, a running coordinator out. Assembles, starts and stops; no logic. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import { prepare } from '../../src/coordinator/preparation.ts';
import { defaultTiming } from '../../src/coordinator/timing.ts';
import { openHighMark } from '../../src/eventlog/high-mark.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { openSigner } from './key-file.ts';
import { FleetId, GroupName, LogId, Principal } from '../../schemas/ids.ts';

export const CoordinatorRunOptions = z.strictObject({
  natsUrl: z.string(),
  fleet: FleetId,
  /** Where the high mark and the key are kept, outside NATS. */
  dataDirectory: z.string(),
  /** Copies of every stream: 1 on a single server, 3 on a cluster. */
  replicas: z.int().min(1).max(5).default(1),
  /** The NATS server's monitoring address, where `sync_always` can be read. */
  natsMonitorUrl: z.string().optional(),
  allowNotDurable: z.boolean().default(false),
  /** PEM. Default: a key of its own in the data directory, made when there is none. */
  keyFile: z.string().optional(),
  /** PEM: the key that signed until now, when `keyFile` is to follow on it. */
  previousKeyFile: z.string().optional(),
});
export type CoordinatorRunOptions = z.input<typeof CoordinatorRunOptions>;

export interface RunningCoordinator {
  /** Resolves when it has ended by itself or was stopped; rejects with what ended it otherwise. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const seedGroups = [GroupName.parse('Production'), GroupName.parse('Development')];

export async function runCoordinator(given: CoordinatorRunOptions): Promise<RunningCoordinator> {
  const options = CoordinatorRunOptions.parse(given);
  const { fleet, replicas, natsMonitorUrl: monitorUrl, allowNotDurable } = options;
  const clock = systemClock;
  const logger = createLogger('coordinator');
  await mkdir(options.dataDirectory, { recursive: true });
  const signer = await openSigner(options);
  const bus = await connectBus({ url: options.natsUrl, principal: Principal.parse('coordinator'), clock });
  try {
    const { names, durability } = await prepare({
      bus,
      fleet,
      replicas,
      allowNotDurable,
      ...(monitorUrl === undefined ? {} : { monitorUrl }),
    });
    logger.info({ server: bus.server.version, durability }, 'connected');
    const coordinator = await Coordinator.start({
      bus,
      fleet,
      names,
      durability,
      instance: randomBytes(8).toString('hex'),
      newLogId: () => LogId.parse(randomBytes(12).toString('hex')),
      seedGroups,
      highMark: await openHighMark(join(options.dataDirectory, `${fleet}.high-mark.json`)),
      signer,
      clock,
      random: Math.random,
      timing: defaultTiming(replicas),
      logger,
    });
    const ended = coordinator.ended.then(async (failure) => {
      await bus.close();
      if (failure !== undefined) throw failure;
    });
    return { ended, stop: () => coordinator.stop() };
  } catch (error) {
    await bus.close();
    throw error;
  }
}
