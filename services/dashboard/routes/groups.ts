/** Groups, and which version of what runs on which. */
import { z } from 'zod';
import { GroupName } from '../../../schemas/ids.ts';
import { DeploymentView, GroupView } from '../../../schemas/views.ts';
import type { Api, App } from '../app.ts';
import { ask } from '../ask.ts';
import { atQuery, headOf, many, one, refusals, tagged } from '../bodies.ts';

const At = z.strictObject(atQuery);
const schema = { tags: ['fleet'] };
const config = { role: 'viewer' } as const;

export function addGroups(app: App, { asOf }: Api): void {
  app.get(
    '/v1/groups',
    {
      config,
      schema: { ...schema, summary: 'Every group.', querystring: At, response: { 200: many(GroupView), ...refusals } },
    },
    async ({ query: { at } }) => {
      const seen = await asOf.at(at);
      return { ...headOf(seen), items: ask('groups', {}, seen) };
    },
  );
  app.get(
    '/v1/groups/:group',
    {
      config,
      schema: {
        ...schema,
        summary: 'One group: who is in it, what it carries, how far it has come.',
        params: z.strictObject({ group: GroupName }),
        querystring: At,
        response: { 200: one(GroupView), ...refusals },
      },
    },
    async ({ params: { group }, query: { at } }, reply) => {
      const seen = await asOf.at(at);
      const item = ask('group', { group }, seen);
      return { ...tagged(reply, item, seen), item };
    },
  );
  app.get(
    '/v1/deployments',
    {
      config,
      schema: {
        ...schema,
        summary: 'Which version of what runs where.',
        querystring: z.strictObject({ ...atQuery, group: GroupName.optional() }),
        response: { 200: many(DeploymentView), ...refusals },
      },
    },
    async ({ query: { at, group } }) => {
      const seen = await asOf.at(at);
      return { ...headOf(seen), items: ask('deployments', group === undefined ? {} : { group }, seen) };
    },
  );
}
