/** The whole fleet at a glance, now or as it was: what the first screen shows. */
import { z } from 'zod';
import { ReplicaBeat } from '../../../schemas/coordinators.ts';
import { ServerStatus } from '../../../schemas/group-status.ts';
import { FleetId, LogId, Position, ServerId, Term } from '../../../schemas/ids.ts';
import { BalancerView, GroupView } from '../../../schemas/views.ts';
import { statusOf } from '../../../src/domain/membership.ts';
import type { FleetState } from '../../../src/domain/state.ts';
import type { Api, App } from '../app.ts';
import { ask } from '../ask.ts';
import { atQuery, headOf, one, refusals } from '../bodies.ts';

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
}

function availableIn({ serverById }: FleetState) {
  return [...serverById.values()]
    .filter(({ member }) => member === null)
    .map((server) => ({ server: server.id, status: statusOf(server) }))
    .sort((a, b) => (a.server < b.server ? -1 : 1));
}
