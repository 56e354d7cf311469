/**
 * The HTTP server: everything the API is made of, put together. Knows no port: whoever runs it listens, and a test asks
 * it without one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fastifyRateLimit } from '@fastify/rate-limit';
import { type FastifyBaseLogger, fastify, type FastifyInstance, type RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { FleetId } from '../../schemas/ids.ts';
import type { Follower } from '../../src/follower/follower.ts';
import type { Bus } from '../../src/nats/bus.ts';
import type { Clock } from '../../src/std/clock.ts';
import { closeWithConnection } from '../../src/std/queued-answer.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { Access } from './access.ts';
import { AsOf } from './as-of.ts';
import { addErrors } from './errors.ts';
import { EventStreams } from './event-streams.ts';
import { addGuards } from './guards.ts';
import { Few } from './few.ts';
import { longReadsMax } from './long-reads.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { addOpenApi } from './open-api.ts';
import { addRoutes } from './routes.ts';
import { addScreens } from './routes/screens.ts';
import { Senders } from './senders.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface AppOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly follower: Follower;
  readonly access: Access;
  readonly hosts: readonly string[];
  /** Requests of one caller in a minute. */
  readonly requestsPerMinute: number;
  /** Where exports are prepared; it is there. */
  readonly dataDirectory: string;
  /** The built screens; left out: the API alone. */
  readonly screensFolder?: string;
  readonly version: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** What routes are made of. */
export interface Api extends AppOptions {
  readonly asOf: AsOf;
  readonly senders: Senders;
  readonly streams: EventStreams;
  readonly longReads: Few;
  readonly metrics: Metrics;
}

/** A command that names as many servers as one may: 4,096 names of 63 letters. */
const bodyBytesMax = 512 * 1024;
/** A name is at most 63 letters; a project with its group twice that. */
const paramLengthMax = 256;
/** Headers, then body: whoever is slower than this holds a socket for nothing. A bundle of 64 MiB over a slow link. */
const requestTimeoutMs = 120_000;

export async function createApp(options: AppOptions): Promise<App> {
  const { bus, fleet, follower, clock, random, logger } = options;
  const app: App = fastify({
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: paramLengthMax },
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
    logger: false,
  }).withTypeProvider<ZodTypeProvider>();
  // Streams and long answers end with who asked for them.
  app.server.on('request', closeWithConnection);
  const asOf = new AsOf({ follower, clock });
  const senders = new Senders({ bus, fleet, clock, random });
  const metrics = createMetrics({ follower, bus });
  const streams = new EventStreams({ follower, bus, clock, logger });
  const unlisten = follower.listen({ onReset: () => asOf.clear() });
  app.addHook('onClose', async () => {
    unlisten();
    streams.stop();
    await senders.close();
  });
  // What is no JSON is refused: a form of another site's page can send text, and nothing else without being asked.
  app.removeContentTypeParser('text/plain');
  addErrors(app, logger);
  await app.register(fastifyRateLimit, { global: false });
  addGuards(app, options);
  metrics.measure(app);
  await addOpenApi(app);
  const longReads = new Few(longReadsMax, 'readings of the whole log');
  addRoutes(app, { ...options, asOf, senders, streams, longReads, metrics });
  await addScreens(app, options.screensFolder);
  return app;
}
