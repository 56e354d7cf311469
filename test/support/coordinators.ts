/** Coordinators in this process against a real NATS server, each test with a fleet of its own. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signer } from '../../src/coordinator/checkpoints.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { FleetShares } from '../../src/coordinator/fleet-shares.ts';
import { prepare } from '../../src/coordinator/preparation.ts';
import { defaultTiming } from '../../src/coordinator/timing.ts';
import type { Timing } from '../../src/coordinator/timing.ts';
import { openHighMark } from '../../src/eventlog/high-mark.ts';
import type { Bus } from '../../src/nats/bus.ts';
import type { StreamSizes } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { FleetId, GroupName, LogId } from '../../schemas/ids.ts';
import { openBus } from './nats-bus.ts';
import { natsReplicas } from './nats-choice.ts';

export interface StartCoordinatorOptions {
  readonly url: string;
  readonly fleet: FleetId;
  /** Where the high mark is kept; default: a new folder, removed at the end. */
  readonly dataDirectory?: string;
  readonly timing?: Partial<Timing>;
  readonly logger?: Logger;
  /** Copies of every stream. Default: as many as there are servers. */
  readonly replicas?: number;
  readonly signer?: Signer;
  /** How much streams may take, where they are made now. */
  readonly sizes?: Partial<StreamSizes>;
  /** Of a process that serves several fleets. */
  readonly shares?: FleetShares;
  readonly instance?: string;
}

export interface TestCoordinator {
  readonly coordinator: Coordinator;
  readonly bus: Bus;
  stop(): Promise<void>;
}

export function newFleet(): FleetId {
  return FleetId.parse(`f${randomBytes(4).toString('hex')}`);
}

export async function startCoordinator(options: StartCoordinatorOptions): Promise<TestCoordinator> {
  const { url, fleet, logger = silentLogger, signer, replicas = natsReplicas() } = options;
  const bus = await openBus(url, 'coordinator');
  const directory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'muster-coordinator-')));
  const { names, durability } = await prepare({
    bus,
    fleet,
    replicas,
    sizes: options.sizes ?? {},
    allowNotDurable: true,
    monitorUrls: [],
    logger,
  });
  const coordinator = await Coordinator.start({
    bus,
    fleet,
    names,
    durability,
    instance: options.instance ?? randomBytes(8).toString('hex'),
    newLogId: () => LogId.parse(randomBytes(12).toString('hex')),
    seedGroups: [GroupName.parse('Production'), GroupName.parse('Development')],
    highMark: await openHighMark(join(directory, `${fleet}.high-mark.json`)),
    clock: systemClock,
    random: Math.random,
    timing: { ...defaultTiming(replicas), ...options.timing },
    logger,
    ...(signer === undefined ? {} : { signer }),
    ...(options.shares === undefined ? {} : { shares: options.shares }),
  });
  const stop = async () => {
    await coordinator.stop();
    await bus.close();
    if (options.dataDirectory === undefined) await rm(directory, { recursive: true, force: true });
  };
  return { coordinator, bus, stop };
}
