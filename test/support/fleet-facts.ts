/** What happens in most specifications, in few words. */
import type { EventData } from '../../schemas/events.ts';
import { defaultGroupPolicy } from '../../schemas/policy.ts';
import type { GroupPolicy } from '../../schemas/policy.ts';
import { type RolloutPolicy, defaultRolloutPolicy } from '../../schemas/rollout.ts';
import type { Fact } from '../../src/domain/ruling.ts';
import { fact } from './decider-spec.ts';

export const digestA = 'a'.repeat(64);
export const digestB = 'b'.repeat(64);

let ports = 0;
/** Each registered server has its own port, since no two may share an address. */
export function registered(server: string, port = 20_000 + (ports++ % 20_000)): Fact {
  return fact('server.registered', { server, address: { host: '127.0.0.1', port }, labels: {} });
}
export const created = (name: string, drainTimeoutMs = 30_000): Fact =>
  fact('group.created', { group: name.toLowerCase(), name, policy: { ...defaultGroupPolicy, drainTimeoutMs } });
/** A group with a policy of its own in some fields. */
export const createdWith = (name: string, policy: Partial<GroupPolicy>): Fact =>
  fact('group.created', { group: name.toLowerCase(), name, policy: { ...defaultGroupPolicy, ...policy } });
export const configured = (group: string, policy: Partial<GroupPolicy>): Fact =>
  fact('group.configured', { group, policy: { ...defaultGroupPolicy, ...policy } });
export const joined = (server: string, group: string): Fact => fact('server.joined', { server, group });
export const ready = (server: string, group: string, covers: number): Fact =>
  fact('server.ready', { server, group, covers, evidence: { receivedAt: 1, projects: 0, instance: 'i' } });
export const failed = (server: string, group: string, covers: number, text = 'no such module', final = true): Fact =>
  fact('server.sync-failed', { server, group, covers, failures: [{ project: 'orders', version: '1', text }], final });
export const leaving = (server: string, group: string, drainTimeoutMs = 30_000): Fact =>
  fact('server.leaving', { server, group, drainTimeoutMs });
export const moving = (server: string, from: string, group: string): Fact =>
  fact('server.moving', { server, from, group, drainTimeoutMs: 30_000 });
export const retiring = (server: string, group: string): Fact =>
  fact('server.retiring', { server, group, drainTimeoutMs: 30_000 });
export const published = (project: string, version: string, digest = digestA): Fact =>
  fact('project.published', { project, version, digest, bytes: 10 });
export const deployed = (project: string, version: string, group: string): Fact =>
  rolledOut(project, version, group, {});
/** Under a policy of its own in some fields. */
export const rolledOut = (project: string, version: string, group: string, policy: Partial<RolloutPolicy>): Fact =>
  fact('deployment.requested', {
    group,
    project,
    version,
    digest: digestA,
    bytes: 10,
    rollout: { ...defaultRolloutPolicy, ...policy },
    supersedes: null,
  });
/** Several projects at their versions, as one. */
export const released = (
  group: string,
  versions: Readonly<Record<string, string>>,
  policy: Partial<RolloutPolicy> = {},
): Fact =>
  fact('release.requested', {
    group,
    projects: Object.entries(versions).map(([project, version]) => ({ project, version, digest: digestA, bytes: 10 })),
    rollout: { ...defaultRolloutPolicy, ...policy },
    supersedes: [],
  });

const noEvidence = { servers: [], figures: null };
export const advanced = (
  group: string,
  rollout: number,
  servers: readonly string[],
  { target = 0, step = 0 }: { readonly target?: number; readonly step?: number } = {},
): Fact => fact('rollout.advanced', { group, rollout, target, step, servers: [...servers], passed: null });
export const switched = (
  group: string,
  rollout: number,
  { to, from }: { readonly to: readonly string[]; readonly from: readonly string[] },
): Fact => fact('rollout.switched', { group, rollout, to: [...to], from: [...from], passed: noEvidence });
export const rolloutFailed = (
  group: string,
  rollout: number,
  next: 'roll-back' | 'halt' = 'roll-back',
  cause: EventData<'rollout.failed'>['cause'] = 'sync-failed',
): Fact => fact('rollout.failed', { group, rollout, cause, reason: 'it failed', next, failed: noEvidence });
export const paused = (group: string, rollout: number, by: 'step' | 'operator' = 'operator'): Fact =>
  fact('rollout.paused', { group, rollout, by, passed: null });
export const aborted = (group: string, rollout: number): Fact => fact('rollout.aborted', { group, rollout });
export const rolledBack = (group: string, rollout: number): Fact =>
  fact('rollout.rolled-back', { group, rollout, evidence: { servers: 1 } });
export const succeeded = (group: string, rollout: number): Fact =>
  fact('rollout.succeeded', { group, rollout, evidence: { servers: 1 } });
export const cordoned = (server: string, group: string): Fact => fact('server.cordoned', { server, group });
export const uncordoned = (server: string, group: string): Fact => fact('server.uncordoned', { server, group });
export const retried = (server: string, group: string): Fact => fact('server.retried', { server, group });
export const draining = (
  server: string,
  group: string,
  until: 'uncordoned' | 'registered' = 'uncordoned',
  drainTimeoutMs = 30_000,
): Fact => fact('server.draining', { server, group, drainTimeoutMs, until });
export const replacing = (server: string, by: string, group: string): Fact =>
  fact('server.replacing', { server, by, group });
export const replaced = (server: string, by: string, group: string): Fact =>
  fact('server.replaced', { server, by, group, drainTimeoutMs: 30_000 });
/** As the log has it; as a proposal `held` is passed over. */
export const lost = (server: string, group: string | null, held = false): Fact =>
  fact('server.lost', { server, group, cause: 'silent', held, evidence: { seenAt: 1, leaseMs: 6_000 } });
export const returned = (server: string, group: string | null): Fact => fact('server.returned', { server, group });

const quiet = { inFlight: 0, deadlinePassed: false, unconfirmed: [] as string[] };
type Next = { to: 'available' } | { to: 'retired' } | { to: 'group'; group: string };
export const left = (server: string, group: string, next: Next = { to: 'available' }): Fact =>
  fact('server.left', { server, group, next: next as never, evidence: quiet });
export const drained = (server: string, group: string): Fact =>
  fact('server.drained', { server, group, evidence: quiet });
