/**
 * Queries answered from the projections: one entry a query name, typed by the schemas, so that a missing one does not
 * compile. What only the process itself knows, `coordinator`, is its shell's to answer. What is returned is made for
 * the caller, but parts of it are the state's own: encode it, do not change it.
 */
import type { FleetState, Group } from '../domain/state.ts';
import { groupIdOf } from '../../schemas/ids.ts';
import type { GroupName } from '../../schemas/ids.ts';
import type { RejectionCode } from '../../schemas/rejection.ts';
import type { QueryAsk, QueryData, QueryName } from '../../schemas/views.ts';
import { allDeploymentViews, deploymentViews, groupView, groupViews } from './group-view.ts';
import type { Observed } from './observed.ts';
import { balancerViews, poolView } from './pool-view.ts';
import { projectViews } from './project-view.ts';
import { allRolloutViews, rolloutViews } from './rollout-view.ts';
import { serverView, serverViews } from './server-view.ts';

export type ProjectedQuery = Exclude<QueryName, 'coordinator'>;

export type Answered<T> =
  | { readonly status: 'ok'; readonly data: T }
  | {
      readonly status: 'error';
      readonly code: Extract<RejectionCode, 'unknown-group' | 'unknown-server'>;
      readonly message: string;
    };

type Answerers = {
  readonly [Q in ProjectedQuery]: (ask: QueryAsk<Q>, state: FleetState, observed: Observed) => Answered<QueryData<Q>>;
};

const answererByQuery: Answerers = {
  groups: (_, state, observed) => ok(groupViews(state, observed)),
  group: ({ group }, state, observed) => ofGroup(state, group, (found) => groupView(state, observed, found)),
  servers: ({ group, status }, state, observed) =>
    group === undefined
      ? ok(serverViews(state, observed, { status }))
      : ofGroup(state, group, ({ id }) => serverViews(state, observed, { group: id, status })),
  server: ({ server }, state, observed) => {
    const found = state.serverById.get(server);
    if (found !== undefined) return ok(serverView(state, observed, found));
    return { status: 'error', code: 'unknown-server', message: `there is no server "${server}"` };
  },
  projects: (_, state) => ok(projectViews(state)),
  deployments: ({ group }, state, observed) =>
    group === undefined
      ? ok(allDeploymentViews(state, observed))
      : ofGroup(state, group, (found) => deploymentViews(state, observed, found)),
  pool: ({ group }, state, observed) => ofGroup(state, group, (found) => poolView(state, observed, found)),
  rollouts: ({ group, rollout }, state, observed) =>
    group === undefined
      ? ok(allRolloutViews(state, observed, rollout))
      : ofGroup(state, group, (found) => rolloutViews(state, observed, { group: found, only: rollout })),
  balancers: (_, state, observed) => ok(balancerViews(state, observed)),
};

/** The query's data, or why there is none. `ask` is parsed by the query's own schema before. */
export function answerQuery<Q extends ProjectedQuery>(
  name: Q,
  ask: QueryAsk<Q>,
  state: FleetState,
  observed: Observed,
): Answered<QueryData<Q>> {
  return answererByQuery[name](ask, state, observed);
}

function ok<T>(data: T): Answered<T> {
  return { status: 'ok', data };
}

/** A group is found however its name is spelled. */
function ofGroup<T>(state: FleetState, name: GroupName, view: (group: Group) => T): Answered<T> {
  const group = state.groupById.get(groupIdOf(name));
  if (group !== undefined) return ok(view(group));
  return { status: 'error', code: 'unknown-group', message: `there is no group "${name}"` };
}
