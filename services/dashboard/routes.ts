/** Every route of the API, and the document that describes them. */
import { fastify } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Api, App } from './app.ts';
import { addOpenApi } from './open-api.ts';
import { addCommands } from './routes/commands.ts';
import { addEvents } from './routes/events.ts';
import { addExport } from './routes/export.ts';
import { addFleet } from './routes/fleet.ts';
import { addGroups } from './routes/groups.ts';
import { addHealth } from './routes/health.ts';
import { addHistory } from './routes/history.ts';
import { addPublishing } from './routes/publishing.ts';
import { addPlans } from './routes/plans.ts';
import { addKey } from './routes/key.ts';
import { addProjects } from './routes/projects.ts';
import { addReplay } from './routes/replay.ts';
import { addRollouts } from './routes/rollouts.ts';
import { addServers } from './routes/servers.ts';
import { addSession } from './routes/session.ts';
import { addTraffic } from './routes/traffic.ts';
import { addVerify } from './routes/verify.ts';

const parts = [
  addSession,
  addFleet,
  addGroups,
  addServers,
  addProjects,
  addPublishing,
  addRollouts,
  addTraffic,
  addHistory,
  addEvents,
  addReplay,
  addVerify,
  addExport,
  addKey,
  addCommands,
  addPlans,
  addHealth,
] as const;

export function addRoutes(app: App, api: Api): void {
  for (const add of parts) add(app, api);
}

/** The OpenAPI document, without a fleet: routes only look at what they are made of when they are asked. */
export async function apiDocument(): Promise<object> {
  const app: App = fastify().withTypeProvider<ZodTypeProvider>();
  await addOpenApi(app);
  addRoutes(app, {} as Api);
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}
