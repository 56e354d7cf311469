/**
 * What flows through groups and servers now. It changes with every request and is no event: read at its own pace while a
 * screen shows it, and not at all of the past.
 */
import { useQuery } from '@tanstack/react-query';
import type { GroupTraffic, ServerView, TrafficRate } from '../../../../schemas/views.ts';
import { read } from './api.ts';
import { useAt } from './place.ts';
import type { Many, One } from './shapes.ts';

/** Gateways say it about once a second, over the last five. */
const everyMs = 2_000;

/** By group; undefined: not read, or not of now. */
export function useTraffic(): ReadonlyMap<string, GroupTraffic> | undefined {
  const at = useAt();
  const { data } = useQuery({
    queryKey: ['traffic', at],
    queryFn: async ({ signal }) => {
      const { items } = await read<Many<GroupTraffic>>('/v1/traffic', { signal });
      return new Map<string, GroupTraffic>(items.map((item) => [item.group, item]));
    },
    structuralSharing: false,
    refetchInterval: everyMs,
    enabled: at === null,
  });
  return at === null ? data : undefined;
}

/** Null: not known. */
export function useServerTraffic(server: string): TrafficRate | null {
  const at = useAt();
  const { data } = useQuery({
    queryKey: ['traffic', at, server],
    queryFn: ({ signal }) => read<One<ServerView>>(`/v1/servers/${server}`, { signal }),
    refetchInterval: everyMs,
    enabled: at === null,
  });
  return at === null ? (data?.item.traffic ?? null) : null;
}
