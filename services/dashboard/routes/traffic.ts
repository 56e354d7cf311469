/** Traffic, and what it goes through: pools, balancers, and the coordinators that tell them. */
import { z } from 'zod';
import { CoordinatorView, ReplicaBeat } from '../../../schemas/coordinators.ts';
import { GroupName } from '../../../schemas/ids.ts';
import { BalancerView, GroupTraffic, PoolView } from '../../../schemas/views.ts';
import { groupTraffic } from '../../../src/projections/traffic-rate.ts';
import { Failure } from '../../../src/std/failure.ts';
import { unauthenticated } from '../access.ts';
import type { Api, App } from '../app.ts';
import { ask } from '../ask.ts';
import { atQuery, headOf, many, one, refusals, timedOut } from '../bodies.ts';

const At = z.strictObject(atQuery);
const schema = { tags: ['fleet'] };
const config = { role: 'viewer' } as const;

export function addTraffic(app: App, api: Api): void {
  const { asOf, follower, senders } = api;
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
    '/v1/traffic',
    {
      config,
      schema: {
        ...schema,
        summary: 'What flows through each group now, by its gateways; none of the past: that is not in the log.',
        querystring: At,
        response: { 200: many(GroupTraffic), ...refusals },
      },
    },
    async ({ query: { at } }) => {
      const seen = await asOf.at(at);
      const groups = at === undefined ? [...seen.state.groupById.values()] : [];
      return { ...headOf(seen), items: groups.map((group) => groupTraffic(seen.state, seen.observed, group)) };
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
        summary: 'The coordinators that live, as each says of itself; none of the past: that is not in the log.',
        querystring: At,
        response: { 200: many(ReplicaBeat), ...refusals },
      },
    },
    async ({ query: { at } }) => {
      const seen = await asOf.at(at);
      return { ...headOf(seen), items: at === undefined ? [...follower.coordinators] : [] };
    },
  );
  app.get(
    '/v1/coordinator',
    {
      config,
      schema: {
        ...schema,
        summary: 'The coordinator that answers: its role, how durable the log is, and what troubles it.',
        querystring: z.strictObject({}),
        response: { 200: one(CoordinatorView), ...refusals, 504: timedOut },
      },
    },
    async ({ caller }) => {
      if (caller === null) throw unauthenticated();
      const answer = await senders.as(caller.principal, (muster) => muster.query('coordinator', {}));
      if (answer.status === 'error') {
        throw new Failure({ code: 'unavailable', retryable: true, message: answer.message });
      }
      return { position: answer.position, item: answer.data };
    },
  );
}
