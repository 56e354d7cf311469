/** The gateway process: options in, an agent with its driver and its connection assembled, started and stopped. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Address, FleetId, Labels, ServerId } from '../../schemas/ids.ts';
import { type Agent, startAgent } from '../../src/agent/agent.ts';
import type { Driver } from '../../src/agent/driver.ts';
import { BuiltinDriver } from '../../src/agent/drivers/builtin/driver.ts';
import { ExecDriver } from '../../src/agent/drivers/exec/driver.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { NatsAccess } from '../../schemas/nats-access.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { type HostPort, hostPort } from '../../src/std/host-port.ts';
import { createLogger, type Logger } from '../../src/telemetry/logger.ts';

/** Each with where this machine itself is reached by it. */
const wildcardHosts: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** `host:port`; port 0: one the system gives. An IPv6 address stands in brackets. */
const Listen = z.string().transform((text, context) => {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (bare !== '' && Number(port) <= 65_535) return { host: bare, port: Number(port) };
  context.addIssue({ code: 'custom', message: 'must be host:port, such as 127.0.0.1:8081' });
  return z.NEVER;
});

export const GatewayOptions = z
  .strictObject({
    name: ServerId,
    fleet: FleetId.default('main' as FleetId),
    /** Where the built-in gateway takes requests, or where a driven one does. */
    listen: Listen,
    /** Where balancers reach it, when that is elsewhere: behind a wildcard address, or behind NAT. */
    advertise: Listen.optional(),
    natsUrl: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    natsAccess: NatsAccess.default({}),
    dataDirectory: z.string().min(1),
    driver: z.enum(['builtin', 'exec']).default('builtin'),
    /** The exec driver's program and its arguments. */
    command: z.array(z.string()).min(1).optional(),
    /** The exec driver's count: prints how many requests are in flight. */
    inFlightCommand: z.array(z.string()).min(1).optional(),
    /** The exec driver's health check. */
    healthUrl: z.url().optional(),
    labels: Labels.optional(),
    beatIntervalMs: z.int().min(50).max(60_000).optional(),
    drainTimeoutMs: z.int().min(0).max(3_600_000).optional(),
    noticeMs: z.int().min(0).max(600_000).optional(),
    healthIntervalMs: z.int().min(50).max(600_000).optional(),
  })
  .refine(({ driver, command }) => (driver === 'exec') === (command !== undefined), {
    message: 'goes with the exec driver, and that needs it',
    path: ['command'],
  })
  .refine(({ driver, inFlightCommand }) => driver === 'exec' || inFlightCommand === undefined, {
    message: 'goes with the exec driver: the built-in gateway counts by itself',
    path: ['inFlightCommand'],
  })
  .refine(({ driver, listen, advertise }) => driver === 'builtin' || (advertise ?? listen).port !== 0, {
    message: 'must name a port: the exec driver does not choose one',
    path: ['listen'],
  })
  .refine(({ listen, advertise }) => advertise !== undefined || !wildcardHosts.has(listen.host), {
    message: 'must be given when listening on every address: balancers need one they can reach',
    path: ['advertise'],
  });
export type GatewayOptions = z.input<typeof GatewayOptions>;

export interface RunningGateway {
  /** As the fleet is told. */
  readonly address: Address;
  /** Resolves when it has stopped. */
  readonly ended: Promise<void>;
  /** The first call drains with a time limit; a second one ends at once. */
  stop(): Promise<void>;
}

/** Resolves when it takes requests, connected or not. Throws on options that are wrong and an address it cannot have. */
export async function runGateway(
  options: GatewayOptions,
  logger: Logger = createLogger('gateway'),
): Promise<RunningGateway> {
  const parsed = GatewayOptions.parse(options);
  const {
    name: server,
    fleet,
    dataDirectory,
    listen,
    advertise,
    driver: kind,
    labels,
    beatIntervalMs,
    drainTimeoutMs,
    noticeMs,
    healthIntervalMs,
  } = parsed;
  const address = advertise ?? (kind === 'exec' ? listen : undefined);
  const agent = await startAgent({
    server,
    fleet,
    dataDirectory,
    driver: createDriver(parsed, logger),
    connect: (signal) => connect(parsed, signal),
    clock,
    random: Math.random,
    logger: logger.child({ server }),
    ...(address === undefined ? {} : { address: Address.parse(address) }),
    ...(labels === undefined ? {} : { labels }),
    ...(beatIntervalMs === undefined ? {} : { beatIntervalMs }),
    ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }),
    ...(noticeMs === undefined ? {} : { noticeMs }),
    ...(healthIntervalMs === undefined ? {} : { healthIntervalMs }),
  });
  return held(agent);
}

function createDriver(options: z.output<typeof GatewayOptions>, logger: Logger): Driver {
  const { name: server, command, inFlightCommand, healthUrl, dataDirectory, listen } = options;
  if (command === undefined) {
    return new BuiltinDriver({ server, listen, secret: randomBytes(16).toString('hex'), clock, logger });
  }
  return new ExecDriver({
    server,
    command,
    origin: originOf(listen),
    dataDirectory,
    clock,
    ...(inFlightCommand === undefined ? {} : { inFlightCommand }),
    ...(healthUrl === undefined ? {} : { healthUrl }),
  });
}

/** On this machine: a wildcard stands for loopback too. */
function originOf({ host, port }: HostPort): string {
  return `http://${hostPort({ host: wildcardHosts.get(host) ?? host, port })}`;
}

function connect(
  { name, natsUrl: url, natsAccess }: z.output<typeof GatewayOptions>,
  signal: AbortSignal,
): Promise<Bus> {
  return connectBus({ url, ...natsAccess, principal: `srv_${name}`, clock, signal });
}

/** Keeps the process alive meanwhile: with the exec driver and NATS down nothing else does. */
function held(agent: Agent): RunningGateway {
  const alive = setInterval(() => undefined, 2 ** 30);
  const force = new AbortController();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let stopping: Promise<void> | undefined;
  const stop = () => {
    if (stopping !== undefined) force.abort();
    stopping ??= agent.stop(force.signal).finally(() => {
      clearInterval(alive);
      end();
    });
    return stopping;
  };
  return { address: agent.address, ended, stop };
}
