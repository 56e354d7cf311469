/** What the fleet is: groups, projects, deployments, pools, balancers, coordinators. Now, or as it was. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ServerStatus } from '../../../schemas/group-status.ts';
import { FleetId, GroupName, LogId, Position, ProjectId, ServerId, Term } from '../../../schemas/ids.ts';
import {
  BalancerView,
  DeploymentView,
  GroupView,
  PoolView,
  ProjectView,
  type QueryAsk,
  type QueryData,
  ReplicaBeat,
} from '../../../schemas/views.ts';
import { statusOf } from '../../../src/domain/membership.ts';
import type { FleetState } from '../../../src/domain/state.ts';
import { answerQuery, type ProjectedQuery } from '../../../src/projections/views.ts';
import type { Api, App } from '../app.ts';
import type { Seen } from '../as-of.ts';
import { atQuery, headOf, many, one, refusals } from '../bodies.ts';
import { notFound } from '../problem.ts';

const FleetOverview = z.object({
  fleet: FleetId,
  log: LogId.nullable(),
  term: Term,
  groups: z.array(GroupView),
  /** In no group. */
  available: z.array(z.object({ server: ServerId, status: ServerStatus })),
  servers: z.int(),
  projects: z.int(),
  balancers: z.array(BalancerView),
  /** Who leads by its own word, and stands by; none for the past. */
  coordinators: z.array(ReplicaBeat),
  leader: z.object({ instance: z.string(), term: Term, position: Position }).nullable(),
});

const At = z.strictObject(atQuery);
const schema = { tags: ['fleet'] };
const config = { role: 'viewer' } as const;

export function addFleet(app: App, api: Api): void {
  const { asOf, fleet, follower } = api;
  app.get(
    '/v1/fleet',
    {
      config,
      schema: {
        ...schema,
        summary: 'The whole fleet at a glance.',
        querystring: At,
        response: { 200: one(FleetOverview), ...refusals },
      },
    },
    async ({ query: { at } }) => {
      const seen = await asOf.at(at);
      const { log, term, serverById, projectById } = seen.state;
      const { leader } = follower;
      const item = {
        fleet,
        log,
        term,
        groups: ask('groups', {}, seen),
        available: availableIn(seen.state),
        servers: serverById.size,
        projects: projectById.size,
        balancers: ask('balancers', {}, seen),
        coordinators: at === undefined ? [...follower.coordinators] : [],
        leader:
          at !== undefined || leader === null
            ? null
            : { instance: leader.instance, term: leader.term, position: leader.position },
      };
      return { ...headOf(seen), item };
    },
  );
  addGroups(app, api);
  addProjects(app, api);
  addTraffic(app, api);
}

function addGroups(app: App, { asOf }: Api): void {
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

function addProjects(app: App, { asOf }: Api): void {
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

function addTraffic(app: App, api: Api): void {
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

/** The query's answer; what is asked about and not there is a 404. */
function ask<Q extends ProjectedQuery>(name: Q, what: QueryAsk<Q>, { state, observed }: Seen): QueryData<Q> {
  const answered = answerQuery(name, what, state, observed);
  if (answered.status === 'error') throw notFound(answered.code, answered.message);
  return answered.data;
}

/** The head, and `changedAt` as the ETag that `If-Match` takes. */
export function tagged(reply: FastifyReply, { changedAt }: { readonly changedAt: number }, seen: Seen) {
  reply.header('etag', `"${changedAt}"`);
  return headOf(seen);
}

function availableIn({ serverById }: FleetState) {
  return [...serverById.values()]
    .filter(({ member }) => member === null)
    .map((server) => ({ server: server.id, status: statusOf(server) }))
    .sort((a, b) => (a.server < b.server ? -1 : 1));
}
