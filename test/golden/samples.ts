/** One event of every type in today's shape; a new type goes to the end, since its place is its position. `write-missing.ts` turns those without golden bytes into golden bytes. */
import { Event, type EventType } from '../../schemas/events.ts';
import { eventVersion } from '../../schemas/upcast.ts';

const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

const rollout = {
  strategy: { kind: 'rolling', batch: '25%' },
  change: 'hot',
  maxUnavailable: 2,
  minHealthyMs: 10_000,
  healthyDeadlineMs: 300_000,
  progressDeadlineMs: 600_000,
  failuresAllowed: 1,
  autoRollback: true,
  errorRateMax: 0.05,
  latencyRatioMax: null,
  probe: { path: '/{project}/status', timeoutMs: 2_000 },
};

const policy = {
  drainTimeoutMs: 30_000,
  leaseMs: 6_000,
  syncsMax: 10,
  floorPercent: 50,
  floorWindowMs: 300_000,
  rollout,
};

const gate = {
  servers: [{ server: 's1', healthySince: null, text: 'has yet to prove it' }],
  figures: {
    new: { requests: 100, errors: 9, latencyMs: 12.5 },
    old: { requests: 100, errors: 1, latencyMs: 10 },
  },
};

const dataByType: { readonly [T in EventType]: object } = {
  'fleet.created': { fleet: 'main', log: '01HZX3M5V9K2', groups: ['Production', 'Development'] },
  'coordinator.elected': { term: 3, instance: 'b7c1f0e2' },
  'command.rejected': {
    command: 'group.delete',
    rejection: { code: 'group-not-empty', message: 'Edge has 2 servers.', next: 'muster server leave', field: 'group' },
  },
  'group.created': { group: 'edge', name: 'Edge', policy },
  'group.configured': { group: 'edge', policy: { ...policy, drainTimeoutMs: 0, floorPercent: 0 } },
  'group.deleted': { group: 'edge' },
  'group.servers-set': { group: 'edge', joined: ['s1', 's2'], leaving: ['s3'], drainTimeoutMs: 5_000 },
  'server.registered': {
    server: 's1',
    address: { host: '10.0.0.1', port: 8_080 },
    labels: { zone: 'ä-1' },
    agent: 'muster-gateway/0.1.0',
  },
  'server.configured': { server: 's1', labels: {}, weight: 256 },
  'server.joined': { server: 's1', group: 'edge' },
  'server.leaving': { server: 's1', group: 'edge', drainTimeoutMs: 30_000 },
  'server.moving': { server: 's1', from: 'edge', group: 'core', drainTimeoutMs: 30_000 },
  'server.retiring': { server: 's1', group: 'edge', drainTimeoutMs: 30_000 },
  'server.retired': { server: 's1' },
  'server.ready': {
    server: 's1',
    group: 'edge',
    covers: 41,
    evidence: { receivedAt: 1_760_000_000_123, projects: 2, instance: 'f00d' },
  },
  'server.sync-failed': {
    server: 's1',
    group: 'edge',
    covers: 41,
    failures: [{ project: 'orders', version: '1.2.0', text: 'health check answered 500' }],
    final: false,
  },
  'server.left': {
    server: 's1',
    group: 'edge',
    next: { to: 'group', group: 'core' },
    evidence: { inFlight: 0, deadlinePassed: false, unconfirmed: ['lb1'] },
  },
  'project.published': { project: 'orders', version: '1.2.0', digest, bytes: 70_000 },
  'project.deprecated': { project: 'orders', version: '1.2.0' },
  'project.retired': { project: 'orders' },
  'deployment.requested': {
    group: 'edge',
    project: 'orders',
    version: '1.2.0',
    digest,
    bytes: 70_000,
    rollout,
    supersedes: 12,
  },
  'deployment.withdrawn': { group: 'edge', project: 'orders' },
  'balancer.registered': { balancer: 'lb1', kind: 'haproxy', groups: ['edge', 'core'] },
  'balancer.retired': { balancer: 'lb1' },
  'server.cordoned': { server: 's1', group: 'edge' },
  'server.draining': { server: 's1', group: 'edge', drainTimeoutMs: 30_000, until: 'registered' },
  'server.drained': {
    server: 's1',
    group: 'edge',
    evidence: { inFlight: 2, deadlinePassed: true, unconfirmed: ['lb1'] },
  },
  'server.uncordoned': { server: 's1', group: 'edge' },
  'server.retried': { server: 's1', group: 'edge' },
  'server.replacing': { server: 's1', by: 's2', group: 'edge' },
  'server.replaced': { server: 's1', by: 's2', group: 'edge', drainTimeoutMs: 30_000 },
  'server.lost': {
    server: 's1',
    group: 'edge',
    cause: 'silent',
    held: true,
    evidence: { seenAt: 1_760_000_000_123, leaseMs: 6_000 },
  },
  'server.returned': { server: 's1', group: null },
  'pool.held': { group: 'edge', servers: ['s1', 's2'], size: 4, floor: 2 },
  'pool.released': { group: 'edge' },
  'deployment.succeeded': { group: 'edge', project: 'orders', version: '1.2.0', evidence: { servers: 3 } },
  'balancer.lost': { balancer: 'lb1', evidence: { seenAt: 1_760_000_000_123, leaseMs: 6_000 } },
  'balancer.returned': { balancer: 'lb1' },
  'log.checkpointed': {
    log: '01HZX3M5V9K2',
    term: 3,
    position: 41,
    sequence: 17,
    hash: digest,
    key: '0123456789abcdef0123456789abcdef',
    signature: 'c2lnbmF0dXJlIG9mIGEgY2hlY2twb2ludA==',
  },
  'log.key-rotated': {
    log: '01HZX3M5V9K2',
    publicKey: 'cHVibGljIGtleQ==',
    key: '0123456789abcdef0123456789abcdef',
    by: 'fedcba9876543210fedcba9876543210',
    signature: 'c2lnbmF0dXJlIG9mIGEgcm90YXRpb24=',
  },
  'release.requested': {
    group: 'edge',
    projects: [
      { project: 'orders', version: '1.2.0', digest, bytes: 70_000 },
      { project: 'users', version: '3', digest, bytes: 80_000 },
    ],
    rollout: { ...rollout, strategy: { kind: 'canary', steps: [{ servers: 1, bakeMs: 1, pause: true }], batch: '10%' } },
    supersedes: [12, 30],
  },
  'rollout.advanced': { group: 'edge', rollout: 40, target: 1, step: 2, servers: ['s1', 's2'], passed: gate },
  'rollout.paused': { group: 'edge', rollout: 40, by: 'step', passed: gate },
  'rollout.resumed': { group: 'edge', rollout: 40 },
  'rollout.promoted': { group: 'edge', rollout: 40, all: true },
  'rollout.aborted': { group: 'edge', rollout: 40 },
  'rollout.retried': { group: 'edge', rollout: 40 },
  'rollout.switched': { group: 'edge', rollout: 40, to: ['s1'], from: ['s2', 's3'], passed: gate },
  'rollout.failed': {
    group: 'edge',
    rollout: 40,
    cause: 'error-rate',
    reason: 'on new servers 9 of 100 requests failed, on old ones 1 of 100',
    next: 'roll-back',
    failed: gate,
  },
  'rollout.rolled-back': { group: 'edge', rollout: 40, evidence: { servers: 2 } },
  'rollout.succeeded': { group: 'edge', rollout: 40, evidence: { servers: 3 } },
  'log.recovered': { at: 40, seen: { term: 3, position: 52 }, commands: 'redecide', by: 'alice' },
};

export function samples(): Event[] {
  return Object.entries(dataByType).map(([type, data], index) =>
    Event.parse({
      position: index + 1,
      version: eventVersion(type as EventType),
      type,
      at: 1_760_000_000_000 + index,
      askedAt: 1_760_000_000_000,
      principal: 'ops',
      command: { id: `command-${index}`, hash: '0123456789abcdef0123456789abcdef' },
      reason: 'golden',
      warnings: ['a warning'],
      data,
    }),
  );
}
