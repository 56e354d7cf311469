/** The dashboard as a process: options in, a listening server out. Assembles, starts and stops; no logic. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FleetId, Principal } from '../../schemas/ids.ts';
import { Follower } from '../../src/follower/follower.ts';
import { NatsAccess } from '../../schemas/nats-access.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { Failure, textOf } from '../../src/std/failure.ts';
import { createLogger, type Logger } from '../../src/telemetry/logger.ts';
import { openAccess, requireSafeListening, restrictedAccess } from './access.ts';
import { readAccess } from './access-file.ts';
import { createApp } from './app.ts';

export const DashboardOptions = z.strictObject({
  natsUrl: z.string(),
  natsAccess: NatsAccess.default({}),
  fleet: FleetId.default('main' as FleetId),
  /** Where it listens; port 0: one the system gives. */
  host: z.string().default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8_090),
  /** Tokens and the trusted header (YAML or JSON). Default: open, on loopback alone. */
  accessFile: z.string().optional(),
  /** Under whose name commands are given where nobody is asked for a token. */
  principal: Principal.default('dashboard' as Principal),
  /** Further names of this machine by which browsers may reach it while it is open. */
  hosts: z.array(z.string().toLowerCase()).default([]),
  /** Requests of one caller in a minute: several screens that follow a busy fleet stay far below. */
  requestsPerMinute: z.int().min(1).default(6_000),
  /** Where exports are prepared. */
  dataDirectory: z.string().min(1),
  version: z.string().default('unknown'),
});
export type DashboardOptions = z.input<typeof DashboardOptions>;

export interface RunningDashboard {
  readonly url: string;
  /** Settles when it has stopped; rejects with a bug that ended it. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export async function runDashboard(
  given: DashboardOptions,
  logger: Logger = createLogger('dashboard'),
): Promise<RunningDashboard> {
  const options = DashboardOptions.parse(given);
  const { natsUrl: url, natsAccess, fleet, host, port, accessFile, principal, hosts } = options;
  const { requestsPerMinute, dataDirectory, version } = options;
  const access = accessFile === undefined ? openAccess(principal) : restrictedAccess(await readAccess(accessFile));
  requireSafeListening(host, access.open);
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const random = Math.random;
  const bus = await connectBus({ url, ...natsAccess, principal: 'dashboard', clock });
  const follower = new Follower({ bus, fleet, clock, random, logger });
  const screensFolder = builtScreens();
  const served = {
    bus,
    fleet,
    follower,
    access,
    hosts,
    requestsPerMinute,
    dataDirectory,
    version,
    clock,
    random,
    logger,
  };
  const app = await createApp({ ...served, ...(screensFolder === undefined ? {} : { screensFolder }) });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await app.close();
      await follower.stop();
      await bus.close();
    })();
    return stopped;
  };
  try {
    const at = await app.listen({ host, port });
    logger.info({ url: at, open: access.open }, 'listening');
    // Its following never ends but by a stop, or by a bug.
    return { url: at, ended: follower.ended.then(stop), stop };
  } catch (error) {
    await stop();
    const message = `cannot listen on ${host}:${port}: ${textOf(error)}`;
    throw new Failure({ code: 'config-invalid', retryable: false, message, cause: error });
  }
}

/** Beside the built service, or in `dist` where it runs from source. */
function builtScreens(): string | undefined {
  const beside = join(import.meta.dirname, 'web');
  const built = join(dirname(dirname(import.meta.dirname)), 'dist', 'services', 'dashboard', 'web');
  return [beside, built].find((folder) => existsSync(join(folder, 'assets')));
}
