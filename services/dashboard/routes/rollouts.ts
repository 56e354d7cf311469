/** Rollouts: how a deployment reaches its servers. */
import { z } from 'zod';
import { GroupName } from '../../../schemas/ids.ts';
import { RolloutView } from '../../../schemas/views.ts';
import type { Api, App } from '../app.ts';
import { ask } from '../ask.ts';
import { atQuery, headOf, many, one, refusals } from '../bodies.ts';
import { PositionText } from '../event-query.ts';
import { notFound } from '../problem.ts';

const At = z.strictObject(atQuery);
const schema = { tags: ['fleet'] };
const config = { role: 'viewer' } as const;

export function addRollouts(app: App, { asOf }: Api): void {
  app.get(
    '/v1/rollouts',
    {
      config,
      schema: {
        ...schema,
        summary: 'Rollouts: those under way, then the newest that are over.',
        querystring: z.strictObject({
          ...atQuery,
          group: GroupName.optional(),
          /** `false`: without the list of each one's servers, which is long where a group is large. */
          servers: z.enum(['true', 'false']).optional(),
        }),
        response: { 200: many(RolloutView), ...refusals },
      },
    },
    async ({ query: { at, group, servers } }) => {
      const seen = await asOf.at(at);
      const items = ask('rollouts', group === undefined ? {} : { group }, seen);
      return { ...headOf(seen), items: servers === 'false' ? items.map(withoutServers) : items };
    },
  );
  app.get(
    '/v1/rollouts/:rollout',
    {
      config,
      schema: {
        ...schema,
        summary: 'One rollout, by the position of its request.',
        params: z.strictObject({ rollout: PositionText }),
        querystring: At,
        response: { 200: one(RolloutView), ...refusals },
      },
    },
    async ({ params: { rollout }, query: { at } }) => {
      const seen = await asOf.at(at);
      const [item] = ask('rollouts', { rollout }, seen);
      if (item === undefined) throw notFound('unknown-rollout', `there is no rollout of position ${rollout}`);
      return { ...headOf(seen), item };
    },
  );
}

function withoutServers(view: RolloutView): RolloutView {
  return view.progress === null ? view : { ...view, progress: { ...view.progress, servers: [] } };
}
