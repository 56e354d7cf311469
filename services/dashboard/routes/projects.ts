/** Projects with their versions. */
import { z } from 'zod';
import { ProjectId } from '../../../schemas/ids.ts';
import { ProjectView } from '../../../schemas/views.ts';
import type { Api, App } from '../app.ts';
import { ask } from '../ask.ts';
import { atQuery, headOf, many, one, refusals, tagged } from '../bodies.ts';
import { notFound } from '../problem.ts';

const At = z.strictObject(atQuery);
const schema = { tags: ['fleet'] };
const config = { role: 'viewer' } as const;

export function addProjects(app: App, { asOf }: Api): void {
  app.get(
    '/v1/projects',
    {
      config,
      schema: {
        ...schema,
        summary: 'Every project with its versions.',
        querystring: At,
        response: { 200: many(ProjectView), ...refusals },
      },
    },
    async ({ query: { at } }) => {
      const seen = await asOf.at(at);
      return { ...headOf(seen), items: ask('projects', {}, seen) };
    },
  );
  app.get(
    '/v1/projects/:project',
    {
      config,
      schema: {
        ...schema,
        summary: 'One project.',
        params: z.strictObject({ project: ProjectId }),
        querystring: At,
        response: { 200: one(ProjectView), ...refusals },
      },
    },
    async ({ params: { project }, query: { at } }, reply) => {
      const seen = await asOf.at(at);
      const item = ask('projects', {}, seen).find((view) => view.project === project);
      if (item === undefined) throw notFound('unknown-project', `there is no project "${project}"`);
      return { ...tagged(reply, item, seen), item };
    },
  );
}
