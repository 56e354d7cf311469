/** Coordinators as a process: options in, one running coordinator a fleet out. Assembles, starts and stops; no logic. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import { FleetShares } from '../../src/coordinator/fleet-shares.ts';
import { prepare } from '../../src/coordinator/preparation.ts';
import { defaultTiming } from '../../src/coordinator/timing.ts';
import { openHighMark } from '../../src/eventlog/high-mark.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { NatsAccess } from '../../schemas/nats-access.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { openSigner } from './key-file.ts';
import { FleetId, GroupName, LogId, Principal } from '../../schemas/ids.ts';

export const CoordinatorRunOptions = z.strictObject({
  /** One address, or those of a cluster joined by commas. */
  natsUrl: z.string(),
  natsAccess: NatsAccess.default({}),
  fleets: z.array(FleetId).min(1),
  /** Where the high marks and the keys are kept, outside NATS. */
  dataDirectory: z.string(),
  /** Copies of every stream: 1 on a single server, 3 on a cluster. */
  replicas: z.int().min(1).max(5).default(1),
  /** The NATS servers' monitoring addresses, where version and `sync_always` can be read. */
  natsMonitorUrls: z.array(z.url()).default([]),
  allowNotDurable: z.boolean().default(false),
  /** PEM. Default: a key of its own in the data directory, made when there is none. */
  keyFile: z.string().optional(),
  /** PEM: the key that signed until now, when `keyFile` is to follow on it. */
  previousKeyFile: z.string().optional(),
});
export type CoordinatorRunOptions = z.input<typeof CoordinatorRunOptions>;
type Options = z.output<typeof CoordinatorRunOptions>;

export interface RunningCoordinator {
  /**
   * Resolves when every fleet's coordinator has ended; rejects with what ended the first of those that failed. A fleet
   * that cannot go on does not end the others.
   */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const seedGroups = [GroupName.parse('Production'), GroupName.parse('Development')];

export async function runCoordinator(given: CoordinatorRunOptions): Promise<RunningCoordinator> {
  const options = CoordinatorRunOptions.parse(given);
  await mkdir(options.dataDirectory, { recursive: true });
  const { natsUrl: url, natsAccess } = options;
  const principal = Principal.parse('coordinator');
  const bus = await connectBus({ url, ...natsAccess, principal, clock: systemClock });
  try {
    const started = await startAll(bus, options);
    const ended = Promise.all(started.map(({ ended: one }) => one)).then(async (failures) => {
      await bus.close();
      const [first] = failures.filter((failure) => failure !== undefined);
      if (first !== undefined) throw first;
    });
    return { ended, stop: async () => void (await Promise.all(started.map((one) => one.stop()))) };
  } catch (error) {
    await bus.close();
    throw error;
  }
}

/** Those that started; where none did, throws why the first did not. */
async function startAll(bus: Bus, options: Options): Promise<Coordinator[]> {
  const { fleets, replicas } = options;
  const { leaderBeatMs: beatMs, rebalanceMs } = defaultTiming(replicas);
  const shares = new FleetShares({ clock: systemClock, random: Math.random, beatMs, rebalanceMs });
  const instance = randomBytes(8).toString('hex');
  const logger = createLogger('coordinator');
  const results = await Promise.allSettled(fleets.map((fleet) => start(fleet, { bus, options, shares, instance })));
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    if (started.length === 0 || !(result.reason instanceof Failure)) {
      await Promise.all(started.map((one) => one.stop()));
      throw result.reason;
    }
    const { code, message: reason } = result.reason;
    logger.error({ fleet: fleets[index], code, reason }, 'fleet not served');
  }
  return started;
}

interface Process {
  readonly bus: Bus;
  readonly options: Options;
  readonly shares: FleetShares;
  readonly instance: string;
}

async function start(fleet: FleetId, { bus, options, shares, instance }: Process): Promise<Coordinator> {
  const { replicas, natsMonitorUrls: monitorUrls, allowNotDurable, dataDirectory } = options;
  const clock = systemClock;
  const logger = createLogger('coordinator').child({ fleet, instance });
  const signer = await openSigner({ ...options, fleet });
  const { names, durability } = await prepare({ bus, fleet, replicas, allowNotDurable, monitorUrls, logger });
  logger.info({ server: bus.server.version, durability }, 'connected');
  return Coordinator.start({
    bus,
    fleet,
    names,
    durability,
    instance,
    newLogId: () => LogId.parse(randomBytes(12).toString('hex')),
    seedGroups,
    highMark: await openHighMark(join(dataDirectory, `${fleet}.high-mark.json`)),
    signer,
    shares,
    clock,
    random: Math.random,
    timing: defaultTiming(replicas),
    logger,
  });
}
