/** What traffic goes through: pools, balancers, and the coordinators that tell them. */
import { z } from 'zod';
import { ReplicaBeat } from '../../../schemas/coordinators.ts';
import { GroupName } from '../../../schemas/ids.ts';
import { BalancerView, PoolView } from '../../../schemas/views.ts';
import type { Api, App } from '../app.ts';
import { ask } from '../ask.ts';
import { atQuery, headOf, many, one, refusals } from '../bodies.ts';

const At = z.strictObject(atQuery);
const schema = { tags: ['fleet'] };
const config = { role: 'viewer' } as const;

export function addTraffic(app: App, api: Api): void {
  const { asOf, follower } = api;
  app.get(
    '/v1/pools/:group',
    {
      config,
      schema: {
        ...schema,
        summary: "A group's pool, and each balancer's word on it.",
        params: z.strictObject({ group: GroupName }),
        querystring: At,
        response: { 200: one(PoolView), ...refusals },
      },
    },
    async ({ params: { group }, query: { at } }) => {
      const seen = await asOf.at(at);
      return { ...headOf(seen), item: ask('pool', { group }, seen) };
    },
  );
  app.get(
    '/v1/balancers',
    {
      config,
      schema: {
        ...schema,
        summary: 'Every balancer with its lag.',
        querystring: At,
        response: { 200: many(BalancerView), ...refusals },
      },
    },
    async ({ query: { at } }) => {
      const seen = await asOf.at(at);
      return { ...headOf(seen), items: ask('balancers', {}, seen) };
    },
  );
  app.get(
    '/v1/coordinators',
    {
      config,
      schema: {
        ...schema,
        summary: 'The coordinators that live, as each says of itself.',
        querystring: z.strictObject({}),
        response: { 200: many(ReplicaBeat), ...refusals },
      },
    },
    async () => ({ ...headOf(asOf.now()), items: [...follower.coordinators] }),
  );
}
