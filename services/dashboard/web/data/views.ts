/** What the screens read: one hook a view, at the instant the page shows. The name stands first in every key. */
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { ToldChange } from '../../../../schemas/change-text.ts';
import { read } from './api.ts';
import { useAt } from './place.ts';
import { readServers, type ServersById } from './servers.ts';
import type { Session } from './session.ts';
import type { FleetView, GroupView, Many, One, PoolView, ProjectView, RolloutView, WhyView } from './shapes.ts';

/** While another instant is read the one before stays on the screen: a scrubber must not flicker. */
const keep = { placeholderData: keepPreviousData } as const;

export function useSession(): UseQueryResult<Session> {
  return useQuery({
    queryKey: ['session', null],
    queryFn: async ({ signal }) => (await read<One<Session> | Session>('/v1/session', { signal })) as Session,
  });
}

export const useFleet = () => useOne<FleetView>('fleet', '/v1/fleet');
export const useGroup = (group: string) => useOne<GroupView>('group', `/v1/groups/${group}`);
export const usePool = (group: string) => useOne<PoolView>('pool', `/v1/pools/${group}`);
export const useProjects = () => useMany<ProjectView>('projects', '/v1/projects');
/** How they stand, without their servers. */
export const useRolloutsAlone = (group: string) =>
  useMany<RolloutView>('rollouts', `/v1/rollouts?group=${group}&servers=false`);
export const useRollouts = (group: string) => useMany<RolloutView>('rollouts', `/v1/rollouts?group=${group}`);
export const useWhy = (path: string) => useView<WhyView>('why', `/v1/why/${path}`);

export function useServers(): UseQueryResult<ServersById> {
  const at = useAt();
  return useQuery({
    queryKey: ['servers', at],
    queryFn: ({ signal }) => readServers(at, signal),
    // A map is no plain data: nothing of it could be shared.
    structuralSharing: false,
    ...keep,
  });
}

export interface DiffAnswer extends Many<ToldChange> {
  readonly from: { readonly position: number; readonly at: number };
  readonly to: { readonly position: number; readonly at: number };
}

/** The two instants stand for themselves, whatever the page shows. */
export function useDiff(query: { readonly from: string; readonly to: string; readonly group: string }) {
  return useQuery({
    queryKey: ['diff', query],
    queryFn: ({ signal }) => read<DiffAnswer>('/v1/diff', { query, signal }),
    enabled: query.from !== '' && query.to !== '',
    ...keep,
  });
}

function useOne<T>(name: string, path: string) {
  return useView<One<T>>(name, path);
}

function useMany<T>(name: string, path: string) {
  return useView<Many<T>>(name, path);
}

function useView<T>(name: string, path: string): UseQueryResult<T> {
  const at = useAt();
  return useQuery({
    queryKey: [name, at, path],
    queryFn: ({ signal }) => read<T>(path, { query: { at }, signal }),
    placeholderData: (previous, query) => (query?.queryKey[2] === path ? previous : undefined),
  }) as UseQueryResult<T>;
}
