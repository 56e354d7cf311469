/** Requests in flight by group, as the servers' last heartbeats say; for fleets whose servers are read in a moment. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useAt } from '../../data/place.ts';
import { readServers } from '../../data/servers.ts';

/** Past it the figure is not worth reading every server. */
const serversMax = 2_000;

export function useInFlight(servers: number): ReadonlyMap<string, number> | null {
  const at = useAt();
  const { data } = useQuery({
    queryKey: ['servers', at],
    queryFn: ({ signal }) => readServers(at, signal),
    structuralSharing: false,
    enabled: at === null && servers > 0 && servers <= serversMax,
  });
  return useMemo(() => {
    if (data === undefined || at !== null) return null;
    const inFlightBy = new Map<string, number>();
    for (const { group, inFlight } of data.values()) {
      if (group !== null && inFlight !== null) inFlightBy.set(group, (inFlightBy.get(group) ?? 0) + inFlight);
    }
    return inFlightBy;
  }, [data, at]);
}
