/** What Envoy's admin interface says, parsed: the endpoints it holds, their health and requests, what it took. Pure. */
import { z } from 'zod';
import { type Address, ServerId } from '../../../schemas/ids.ts';
import { Failure } from '../../std/failure.ts';
import type { ObservedPoolServer } from '../balancer.ts';
import { hostPort } from '../../std/host-port.ts';

const SocketAddress = z.object({ socket_address: z.object({ address: z.string(), port_value: z.int() }) });

/** `/config_dump?include_eds&resource=dynamic_endpoint_configs`, as far as we look. */
const EndpointsDump = z.object({
  configs: z
    .array(
      z.object({
        endpoint_config: z.object({
          cluster_name: z.string(),
          endpoints: z
            .array(
              z.object({
                lb_endpoints: z
                  .array(
                    z.object({
                      endpoint: z.object({ address: SocketAddress }),
                      metadata: z
                        .object({
                          filter_metadata: z.object({
                            muster: z.object({
                              server: ServerId,
                              weight: z.number(),
                              admin: z.enum(['ready', 'drain', 'maintenance']),
                            }),
                          }),
                        })
                        .optional(),
                    }),
                  )
                  .default([]),
              }),
            )
            .default([]),
        }),
      }),
    )
    .default([]),
});

/** `/clusters?format=json`, as far as we look. */
const Clusters = z.object({
  cluster_statuses: z
    .array(
      z.object({
        name: z.string(),
        host_statuses: z
          .array(
            z.object({
              // Our own server of documents is a socket's path.
              address: SocketAddress.partial(),
              stats: z.array(z.object({ name: z.string(), value: z.coerce.number().default(0) })).default([]),
              health_status: z
                .object({
                  failed_active_health_check: z.boolean().default(false),
                  failed_outlier_check: z.boolean().default(false),
                })
                .prefault({}),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

/** Servers by cluster; a cluster that is there without any has an empty list. */
export function parseObserved(dumpText: string, clustersText: string): Map<string, ObservedPoolServer[]> {
  const dump = parse(EndpointsDump, dumpText);
  const clusters = parse(Clusters, clustersText);
  const serversByCluster = new Map<string, ObservedPoolServer[]>();
  for (const { name, host_statuses: hosts } of clusters.cluster_statuses) {
    const held = dump.configs.filter(({ endpoint_config: config }) => config.cluster_name === name);
    const endpoints = held.flatMap(({ endpoint_config: config }) => config.endpoints);
    const meantByAddress = new Map(
      endpoints
        .flatMap(({ lb_endpoints: all }) => all)
        .map(({ endpoint, metadata }) => [hostPort(addressOf(endpoint.address)), metadata?.filter_metadata.muster]),
    );
    const servers = hosts.flatMap((host): ObservedPoolServer[] => {
      if (host.address.socket_address === undefined) return [];
      const address = addressOf({ socket_address: host.address.socket_address });
      const meant = meantByAddress.get(hostPort(address));
      if (meant === undefined) return [];
      const count = (stat: string) => host.stats.find((one) => one.name === stat)?.value ?? 0;
      const { failed_active_health_check: failed, failed_outlier_check: ejected } = host.health_status;
      const inFlight = count('rq_active') + count('rq_pending_active');
      return [{ ...meant, address, healthy: !failed && !ejected, inFlight }];
    });
    serversByCluster.set(name, servers);
  }
  return serversByCluster;
}

/** `/stats`: names to their values, texts unquoted. */
export function parseStatistics(text: string): Map<string, string> {
  const statistics = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) statistics.set(line.slice(0, at), line.slice(at + 2).replace(/^"(.*)"$/, '$1'));
  }
  return statistics;
}

function addressOf({ socket_address: at }: z.infer<typeof SocketAddress>): Address {
  return { host: at.address, port: at.port_value };
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw Failure.from(error, { code: 'malformed', retryable: true, message: "Envoy's admin interface" });
  }
}
