/** `coordinator recover` and `coordinator resize`, assembled: options in, what was seen or done out. No logic. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Recovered, recover } from '../../src/coordinator/recovery.ts';
import { type LookOptions, lookAtLog, type RecoveryView } from '../../src/coordinator/recovery-view.ts';
import { defaultTiming } from '../../src/coordinator/timing.ts';
import { openHighMark } from '../../src/eventlog/high-mark.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus, StreamStatus } from '../../src/nats/bus.ts';
import type { NatsAccess } from '../../schemas/nats-access.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { type StreamSizes, streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type FleetId, type Position, Principal } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';

export type { RecoveryView };

export interface LogOfFleet {
  readonly natsUrl: string;
  readonly natsAccess: NatsAccess;
  readonly fleet: FleetId;
  /** Where the coordinator of this machine keeps its high mark. */
  readonly dataDirectory: string;
}

export interface Decided {
  readonly at: Position;
  readonly commands: 'redecide' | 'skip';
  readonly by: Principal;
}

/** Two heartbeats of every server that lives. */
const listenMs = 5_000;
/** A person waits: an election takes seconds. */
const timeoutMs = 10_000;

export function look(given: LogOfFleet): Promise<RecoveryView> {
  return withLog(given, lookAtLog);
}

export function recoverLog(given: LogOfFleet, decided: Decided): Promise<Recovered> {
  const instance = `recovery-${randomBytes(4).toString('hex')}`;
  return withLog(given, (options) => recover({ ...options, ...decided, instance, timing: defaultTiming(1) }));
}

export async function resizeStream(
  given: Pick<LogOfFleet, 'natsUrl' | 'natsAccess' | 'fleet'>,
  { stream, maxBytes }: { readonly stream: keyof StreamSizes; readonly maxBytes: number },
): Promise<StreamStatus> {
  return withBus(given, (bus) => bus.resizeStream(streamNames(given.fleet)[stream], maxBytes));
}

function withLog<T>(given: LogOfFleet, work: (options: LookOptions) => Promise<T>): Promise<T> {
  return withBus(given, async (bus) => {
    const { fleet, dataDirectory } = given;
    await mkdir(dataDirectory, { recursive: true });
    const names = streamNames(fleet);
    const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock });
    const highMark = await openHighMark(join(dataDirectory, `${fleet}.high-mark.json`));
    const logger = createLogger('recovery').child({ fleet });
    return work({ bus, fleet, names, log, highMark, clock, logger, listenMs, timeoutMs });
  });
}

async function withBus<T>(
  { natsUrl: url, natsAccess }: Pick<LogOfFleet, 'natsUrl' | 'natsAccess'>,
  work: (bus: Bus) => Promise<T>,
): Promise<T> {
  const bus = await connectBus({ url, ...natsAccess, principal: Principal.parse('coordinator'), clock });
  try {
    return await work(bus);
  } finally {
    await bus.close();
  }
}
