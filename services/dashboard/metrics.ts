/** Figures for Prometheus: the fleet as it stands, read when it is asked for, and what this process answers. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { serverStatuses } from '../../schemas/group-status.ts';
import { statusOf } from '../../src/domain/membership.ts';
import type { Follower } from '../../src/follower/follower.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { balancerViews } from '../../src/projections/pool-view.ts';
import type { App } from './app.ts';

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Counts and times every answer of the server. */
  measure(app: App): void;
}

export interface MetricsOptions {
  readonly follower: Follower;
  readonly bus: Bus;
}

/** Answers come from memory: most within milliseconds; the longest fold a past. */
const durationBuckets = [0.002, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5, 30];

export function createMetrics({ follower, bus }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addFleetGauges(registry, follower);
  let isConnected = 1;
  bus.onConnection((status) => {
    isConnected = status === 'connected' ? 1 : 0;
  });
  gauge(registry, 'muster_bus_connected', 'Whether this process is connected to NATS.', (set) => set({}, isConnected));
  const requests = new Counter({
    name: 'muster_http_requests_total',
    help: 'Requests answered, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'muster_http_request_duration_seconds',
    help: 'Time from a request to its answer, by route.',
    labelNames: ['method', 'route'],
    buckets: durationBuckets,
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    measure(app) {
      app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
        // The pattern, never the address: what a stranger asks for must not grow our memory.
        const route = routeOptions.url ?? 'none';
        requests.inc({ method, route, status: String(reply.statusCode) });
        durations.observe({ method, route }, reply.elapsedTime / 1_000);
      });
    },
  };
}

type Set = (labels: Readonly<Record<string, string>>, value: number) => void;

function gauge(
  registry: Registry,
  name: string,
  help: string,
  collect: (set: Set) => void,
  labels: string[] = [],
): void {
  const made = new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      made.reset();
      collect((values, value) => made.set(values, value));
    },
  });
}

function addFleetGauges(registry: Registry, follower: Follower): void {
  const add = (name: string, help: string, collect: (set: Set) => void, labels?: string[]) =>
    gauge(registry, name, help, collect, labels);
  add('muster_log_position', 'Position of the last event folded here.', (set) => set({}, follower.state.position));
  add('muster_term', 'Term of the last leader in the log.', (set) => set({}, follower.state.term));
  add('muster_ready', 'Whether this process is at the head of the log.', (set) =>
    set({}, follower.status.status === 'following' ? 1 : 0),
  );
  add('muster_leader_heard', 'Whether a coordinator says that it leads.', (set) =>
    set({}, follower.leader === null ? 0 : 1),
  );
  add('muster_log_lag', 'Positions the leader is ahead of what is folded here, by its last beat.', (set) =>
    set({}, Math.max(0, (follower.leader?.position ?? 0) - follower.state.position)),
  );
  add('muster_groups', 'Server groups.', (set) => set({}, follower.state.groupById.size));
  add('muster_projects', 'Projects.', (set) => set({}, follower.state.projectById.size));
  add(
    'muster_servers',
    'Servers by group and status; without a group: available.',
    (set) => setServers(follower, set),
    ['group', 'status'],
  );
  add(
    'muster_pool_held',
    'Whether the pool of a group is held by its floor.',
    (set) => {
      for (const { id, heldAt } of follower.state.groupById.values()) set({ group: id }, heldAt === null ? 0 : 1);
    },
    ['group'],
  );
  add(
    'muster_balancer_live',
    'Whether a balancer is heard.',
    (set) => {
      for (const { id, lostAt } of follower.state.balancerById.values()) set({ balancer: id }, lostAt === null ? 1 : 0);
    },
    ['balancer'],
  );
  add(
    'muster_balancer_lag',
    'Positions a balancer is behind the pool of a group.',
    (set) => {
      for (const { balancer, pools } of balancerViews(follower.state, follower.observed)) {
        for (const { group, lag } of pools) set({ balancer, group }, lag);
      }
    },
    ['balancer', 'group'],
  );
}

function setServers({ state }: Follower, set: Set): void {
  const countByKey = new Map<string, number>();
  for (const group of ['', ...state.groupById.keys()]) {
    for (const status of serverStatuses) countByKey.set(`${group}/${status}`, 0);
  }
  for (const server of state.serverById.values()) {
    const key = `${server.member?.group ?? ''}/${statusOf(server)}`;
    countByKey.set(key, (countByKey.get(key) ?? 0) + 1);
  }
  for (const [key, count] of countByKey) {
    const [group = '', status = ''] = key.split('/');
    set({ group, status }, count);
  }
}
