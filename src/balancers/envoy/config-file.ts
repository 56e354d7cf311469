/**
 * What Envoy reads, from pools: clusters (CDS), listeners (LDS) and each group's endpoints (EDS), as proto3 JSON; the
 * same in files and over HTTP, but for where a cluster's endpoints are found. Pure.
 */
import { createHash } from 'node:crypto';
import type { Address, GroupId } from '../../../schemas/ids.ts';
import { hostPort } from '../../std/host-port.ts';
import type { DesiredPool, ObservedPoolServer } from '../balancer.ts';
import { asText, configSource, type XdsForm } from './bootstrap.ts';

/** One server as Envoy is told of it: `maintenance` has left the pool and still holds requests. */
export type Endpoint = Pick<ObservedPoolServer, 'server' | 'address' | 'weight' | 'admin'>;

export interface ConfigGroup {
  readonly pool: DesiredPool;
  readonly listen: Address;
  /** No longer in the pool, and not finished. */
  readonly leaving: readonly Endpoint[];
}

export interface Document {
  /** `clusters`, `listeners`, `endpoints-<group>`. */
  readonly name: string;
  readonly text: string;
  /** What Envoy says it holds once it took the document: the pool's position where it has one, and the content's hash. */
  readonly version: string;
  /** Envoy's name for what it took last: a text of its statistics. */
  readonly statistic: string;
}

const types = 'type.googleapis.com/envoy';

export function clusterOf(group: GroupId): string {
  return `group_${group}`;
}

/** The name of the document with the endpoints of a cluster of ours. */
export function endpointsNameOf(cluster: string): string | undefined {
  const group = /^group_(.+)$/.exec(cluster)?.[1];
  return group === undefined ? undefined : endpointsName(group as GroupId);
}

/** In the order Envoy needs them: endpoints before the cluster that names them, clusters before listeners. */
export function renderDocuments(form: XdsForm, groups: readonly ConfigGroup[]): Document[] {
  const sorted = [...groups].sort((a, b) => (a.pool.group < b.pool.group ? -1 : 1));
  const clusters = sorted.map(({ pool }) => cluster(form, pool.group));
  return [
    ...sorted.map(endpointsDocument),
    document({ name: 'clusters', resources: clusters, statistic: 'cluster_manager.cds' }),
    document({ name: 'listeners', resources: sorted.map(listener), statistic: 'listener_manager.lds' }),
  ];
}

function endpointsDocument({ pool, leaving }: ConfigGroup): Document {
  const clusterName = clusterOf(pool.group);
  // Envoy knows one endpoint an address: a server in the pool wins over one that left.
  const taken = new Set(pool.servers.map(({ address }) => hostPort(address)));
  const all: Endpoint[] = [...pool.servers, ...leaving.filter(({ address }) => !taken.has(hostPort(address)))];
  const assignment = {
    '@type': `${types}.config.endpoint.v3.ClusterLoadAssignment`,
    cluster_name: clusterName,
    endpoints: [{ lb_endpoints: all.map(endpoint) }],
  };
  return document({
    name: endpointsName(pool.group),
    resources: [assignment],
    statistic: `cluster.${clusterName}`,
    ...(pool.version === undefined ? {} : { position: pool.version }),
  });
}

export function endpointsName(group: GroupId): string {
  return `endpoints-${group}`;
}

function document(given: { name: string; resources: unknown[]; statistic: string; position?: string }): Document {
  const { name, resources, statistic, position } = given;
  const hash = createHash('sha256').update(JSON.stringify(resources)).digest('hex').slice(0, 12);
  const version = position === undefined ? hash : `${position}-${hash}`;
  return { name, statistic, version, text: asText({ version_info: version, resources }) };
}

/** Envoy's weights begin at 1, and its health says less than our three words: what was meant stands in the metadata. */
function endpoint({ server, address, weight, admin }: Endpoint): unknown {
  const health = admin === 'drain' ? 'DRAINING' : admin === 'maintenance' || weight === 0 ? 'UNHEALTHY' : 'HEALTHY';
  return {
    endpoint: { address: socketAddress(address), hostname: server },
    health_status: health,
    load_balancing_weight: Math.max(1, weight),
    metadata: { filter_metadata: { muster: { server, weight, admin } } },
  };
}

/**
 * - `healthy_panic_threshold 0`: with every server draining or failing, none is asked all the same.
 * - `update_merge_window 0s`: a drain takes effect at once, not with the next second's changes.
 * - `ignore_health_on_host_removal`: what is taken out is out, whatever its health check says.
 * - An idle connection goes after 15 s, long before the 60 s and more that a gateway keeps it.
 * - The limits Envoy puts on a cluster are lifted: they are for a mesh of callers, and refuse requests.
 */
function cluster(form: XdsForm, group: GroupId): unknown {
  const most = 1_000_000;
  const limits = { max_connections: most, max_pending_requests: most, max_requests: most, max_retries: 1_024 };
  return {
    '@type': `${types}.config.cluster.v3.Cluster`,
    name: clusterOf(group),
    type: 'EDS',
    connect_timeout: '2s',
    eds_cluster_config: { eds_config: configSource(form, endpointsName(group)) },
    lb_policy: 'ROUND_ROBIN',
    common_lb_config: { healthy_panic_threshold: { value: 0 }, update_merge_window: '0s' },
    ignore_health_on_host_removal: true,
    circuit_breakers: { thresholds: [limits] },
    health_checks: [
      {
        timeout: '2s',
        interval: '1s',
        no_traffic_interval: '1s',
        unhealthy_threshold: 3,
        healthy_threshold: 1,
        http_health_check: { path: '/-/ready' },
      },
    ],
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${types}.extensions.upstreams.http.v3.HttpProtocolOptions`,
        common_http_protocol_options: { idle_timeout: '15s' },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
  };
}

/** Requests go on as they came: no ids, no names of Envoy's, nothing appended. */
function listener({ pool, listen }: ConfigGroup): unknown {
  const name = `in_${pool.group}`;
  const host = listen.host === '*' ? '0.0.0.0' : listen.host;
  const manager = {
    '@type': `${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    server_header_transformation: 'PASS_THROUGH',
    generate_request_id: false,
    skip_xff_append: true,
    http_protocol_options: { accept_http_10: true },
    common_http_protocol_options: { idle_timeout: '60s' },
    request_headers_timeout: '10s',
    stream_idle_timeout: '300s',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes: routes(pool.group) }] },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${types}.extensions.filters.http.router.v3.Router`, suppress_envoy_headers: true },
      },
    ],
  };
  return {
    '@type': `${types}.config.listener.v3.Listener`,
    name,
    address: socketAddress({ host, port: listen.port }),
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

/**
 * A connection that could not be made is tried on another server for every method, since nothing was sent; one that was
 * reset before an answer only for methods that may be repeated. Open sockets may be silent for an hour.
 */
function routes(group: GroupId): unknown[] {
  const action = (retryOn: string, idleTimeout: string) => ({
    cluster: clusterOf(group),
    timeout: '0s',
    idle_timeout: idleTimeout,
    retry_policy: {
      retry_on: retryOn,
      num_retries: 3,
      host_selection_retry_max_attempts: 3,
      retry_host_predicate: [
        {
          name: 'envoy.retry_host_predicates.previous_hosts',
          typed_config: { '@type': `${types}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate` },
        },
      ],
    },
  });
  const method = { name: ':method', string_match: { safe_regex: { regex: 'GET|HEAD|OPTIONS' } } };
  const never = 'connect-failure,refused-stream';
  return [
    { match: { prefix: '/', headers: [{ name: 'upgrade', present_match: true }] }, route: action(never, '3600s') },
    { match: { prefix: '/', headers: [method] }, route: action(`${never},reset`, '300s') },
    { match: { prefix: '/' }, route: action(never, '300s') },
  ];
}

function socketAddress({ host, port }: Address): unknown {
  return { socket_address: { address: host, port_value: port } };
}
