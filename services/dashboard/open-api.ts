/** The OpenAPI 3.1 document, from the routes' own schemas: what is not in it does not exist for others. */
import { fastifySwagger } from '@fastify/swagger';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ReplicaBeat } from '../../schemas/coordinators.ts';
import { Event } from '../../schemas/events.ts';
import { Forecast } from '../../schemas/forecast.ts';
import { GroupStatus } from '../../schemas/group-status.ts';
import {
  BalancerView,
  RolloutView,
  DeploymentView,
  GroupView,
  PoolView,
  ProjectView,
  ServerView,
} from '../../schemas/views.ts';
import type { App } from './app.ts';
import { ProblemBody } from './problem.ts';

/** Named once in the document, and referred to. A registry of our own: the catalog's documents know nothing of it. */
const named = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries({
  BalancerView,
  ReplicaBeat,
  RolloutView,
  DeploymentView,
  Event,
  Forecast,
  GroupStatus,
  GroupView,
  PoolView,
  Problem: ProblemBody,
  ProjectView,
  ServerView,
})) {
  named.add(schema, { id });
}

const asComponents = createJsonSchemaTransformObject({ schemaRegistry: named });

/** What is named is only ever answered: its shape as a request would be a second one that nothing refers to. */
function withoutInputs(document: ReturnType<typeof asComponents>): typeof document {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = components?.schemas ?? {};
  for (const name of Object.keys(schemas)) if (name.endsWith('Input')) delete schemas[name];
  return document;
}

/**
 * Before any route: schemas check what comes in, and describe what goes out. The document's version is the contract's, not the program's: a release alone does not change it.
 */
export async function addOpenApi(app: App): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  // The views are ours and typed: what is documented is not checked again on its way out.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Muster',
        version: '1',
        description:
          'Everything the command line can ask of a fleet. Refusals are problem+json with a code. A command is safe to ' +
          'repeat with the same Idempotency-Key; If-Match holds it to the state that was seen.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'fleet', description: 'What is, and with `at`, what was.' },
        { name: 'history', description: 'The log: events, differences, reasons.' },
        { name: 'commands', description: 'What changes the fleet.' },
        { name: 'plans', description: 'What changes much at once: shown first, then carried out by its name.' },
        { name: 'process', description: 'This process.' },
      ],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{}, { token: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry: named }),
    transformObject: (document) => withoutInputs(asComponents(document)),
  });
}
