/** The balancer process: one balancer kept to its pools. Parses its options, assembles, starts, stops. No logic. */
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { Address, BalancerId, FleetId, GroupName, groupIdOf } from '../../schemas/ids.ts';
import { NatsAccess } from '../../schemas/nats-access.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { poolDisk } from '../../src/pool-sync/pool-disk.ts';
import { PoolSync } from '../../src/pool-sync/pool-sync.ts';
import { backoffMs } from '../../src/std/backoff.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { pause } from '../../src/std/deadline.ts';
import { textOf } from '../../src/std/failure.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { BalancerKind, createDriver, Xds } from './driver.ts';

export const BalancerOptions = z.strictObject({
  /** The balancer's id; it speaks as `bal_<name>`. */
  name: BalancerId,
  kind: BalancerKind.default('haproxy'),
  natsUrl: z.string().default('nats://127.0.0.1:4222'),
  natsAccess: NatsAccess.default({}),
  fleet: FleetId.default('main' as FleetId),
  /** `all` includes groups still to be created. */
  groups: z.union([z.literal('all'), z.array(GroupName).min(1)]).default('all'),
  /** Pools, configuration, sockets and logs; survives restarts. */
  dataDirectory: z.string().min(1),
  /** Address of a group's frontend, by group. */
  listen: z.record(z.string(), Address).default({}),
  /** Where every other frontend listens: the first free port from the base on, kept for good. 0: the OS chooses. */
  host: z.string().default('127.0.0.1'),
  basePort: z.int().min(0).max(65_535).default(8_080),
  /** The balancer's program. Default: of its kind's name, on the PATH. */
  program: z.string().optional(),
  /** False: somebody else starts the program on its file in the data directory, HAProxy on its master socket too. */
  startProcess: z.boolean().default(true),
  /** For `envoy`: in files it watches, or over REST, which it asks on a unix socket of this process. */
  xds: Xds.default('files'),
  /** For `file`: run after each change; exit code 0 says that the pool is applied. */
  command: z.string().min(1).optional(),
  commandTimeoutMs: z.int().min(1).default(30_000),
});
export type BalancerOptions = z.input<typeof BalancerOptions>;

export interface RunningBalancer {
  /** Resolves when the balancer has stopped. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** A connection is tried for so long, then again: NATS may be away for hours while the balancer serves from disk. */
const connectTimeoutMs = 10_000;
const reconnect = { firstMs: 500, longestMs: 5_000 } as const;

/** Does nothing; as rare as a timer may be. */
const aliveEveryMs = 3_600_000;

/** Resolves once the balancer serves what is on its disk. */
export async function runBalancer(input: BalancerOptions): Promise<RunningBalancer> {
  const options = BalancerOptions.parse(input);
  const { name, fleet, natsUrl: url, natsAccess } = options;
  const logger = createLogger('balancer').child({ balancer: name });
  const dataDirectory = resolve(options.dataDirectory);
  const listen = Object.fromEntries(Object.entries(options.listen).map(([group, at]) => [group.toLowerCase(), at]));
  const openBus = async (signal: AbortSignal) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await connectBus({ url, ...natsAccess, principal: `bal_${name}`, clock, connectTimeoutMs, signal });
      } catch (error) {
        if (signal.aborted) throw error;
        logger.warn({ url, reason: textOf(error) }, 'NATS not reached: serving from disk');
      }
      await pause({ clock, delayMs: backoffMs(reconnect, attempt, Math.random()), signal });
    }
  };
  const groups = options.groups === 'all' ? 'all' : options.groups.map(groupIdOf);
  const driver = createDriver({ ...options, dataDirectory: join(dataDirectory, options.kind), listen, clock });
  const disk = poolDisk(join(dataDirectory, 'pools'), logger);
  const { random } = Math;
  const sync = new PoolSync({ fleet, balancer: name, groups, driver, disk, openBus, clock, random, logger });
  await sync.start();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((done) => {
    end = done;
  });
  // Our timers keep no process alive, and with NATS away nothing else does.
  const alive = setInterval(() => undefined, aliveEveryMs);
  const stop = async () => {
    await sync.stop();
    clearInterval(alive);
    end();
  };
  return { ended, stop };
}
