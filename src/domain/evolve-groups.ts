/** The fold of groups: what they are, and many servers set at once. */
import type { Event } from '../../schemas/events.ts';
import type { GroupId, GroupName, Position } from '../../schemas/ids.ts';
import type { GroupPolicy } from '../../schemas/policy.ts';
import { beginLeaving, join } from './evolve-members.ts';
import { leaseInForce, longerLeaseForMs } from './leases.ts';
import type { FleetState } from './state.ts';

interface NewGroup {
  readonly id: GroupId;
  readonly name: GroupName;
  readonly policy: GroupPolicy;
  readonly position: Position;
}

/** A new group's pool and deployments are empty as of its creation: that too is something to publish and confirm. */
export function addGroup(state: FleetState, { id, name, policy, position }: NewGroup): void {
  state.groupById.set(id, {
    id,
    name,
    policy,
    longerLease: null,
    changedAt: position,
    servers: new Set(),
    inbound: new Set(),
    syncing: new Set(),
    deploymentByProject: new Map(),
    rolloutById: new Map(),
    pastRollouts: [],
    deploymentsChangedAt: position,
    poolChangedAt: position,
    servingCount: 0,
    heldCount: 0,
    absences: null,
    heldAt: null,
  });
}

export function groupCreated(state: FleetState, { data, position }: Event<'group.created'>): void {
  addGroup(state, { id: data.group, name: data.name, policy: data.policy, position });
}

export function groupConfigured(state: FleetState, { data, at, position }: Event<'group.configured'>): void {
  const group = state.groupById.get(data.group);
  if (group === undefined) return;
  const before = leaseInForce(group, at);
  if (data.policy.leaseMs < before) group.longerLease = { leaseMs: before, until: at + longerLeaseForMs };
  group.policy = data.policy;
  group.changedAt = position;
}

/** A balancer that named the group no longer does: a later group of the same name is another group. */
export function groupDeleted(state: FleetState, { data, position }: Event<'group.deleted'>): void {
  state.groupById.delete(data.group);
  for (const balancer of state.balancerById.values()) {
    if (balancer.groups === 'all' || !balancer.groups.includes(data.group)) continue;
    balancer.groups = balancer.groups.filter((group) => group !== data.group);
    balancer.changedAt = position;
  }
}

export function groupServersSet(state: FleetState, event: Event<'group.servers-set'>): void {
  const { group, joined, leaving, drainTimeoutMs } = event.data;
  for (const server of joined) join(state, { event, server, group });
  for (const server of leaving)
    beginLeaving(state, { event, server, group, drainTimeoutMs, next: { to: 'available' } });
}
