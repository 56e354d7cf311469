/**
 * The fold's value at its two ends: before the first event, and copied. Values inside the maps of a group or project,
 * (rollouts aside), and a server's `member`, `lost`, `address` and `labels`, are replaced by the fold and never written into: copies share
 * them, which is what makes a copy cheap.
 */
import type { FleetState, Group, Project, Rollout } from './state.ts';

/** The state before the first event. */
export function emptyState(): FleetState {
  return {
    fleet: null,
    log: null,
    term: 0,
    signer: null,
    recovered: null,
    position: 0,
    at: 0,
    groupById: new Map(),
    serverById: new Map(),
    serverByAddress: new Map(),
    projectById: new Map(),
    balancerById: new Map(),
    repeats: { beganAt: 0, younger: [], older: [] },
  };
}

/** A copy that may be folded on without the original noticing, and the other way round. */
export function cloneState(state: FleetState): FleetState {
  const { younger, older, beganAt } = state.repeats;
  return {
    ...state,
    groupById: mapValues(state.groupById, cloneGroup),
    serverById: mapValues(state.serverById, (server) => ({ ...server })),
    serverByAddress: new Map(state.serverByAddress),
    projectById: mapValues(state.projectById, cloneProject),
    balancerById: mapValues(state.balancerById, (balancer) => ({ ...balancer })),
    repeats: { beganAt, younger: [...younger], older: [...older] },
  };
}

function cloneGroup(group: Group): Group {
  return {
    ...group,
    servers: new Set(group.servers),
    inbound: new Set(group.inbound),
    syncing: new Set(group.syncing),
    deploymentByProject: new Map(group.deploymentByProject),
    rolloutById: mapValues(group.rolloutById, cloneRollout),
  };
}

function cloneRollout(rollout: Rollout): Rollout {
  const { moved, waiting, standby } = rollout;
  return {
    ...rollout,
    moved: new Set(moved),
    waiting: new Set(waiting),
    standby: standby === null ? null : { ...standby, servers: new Set(standby.servers) },
  };
}

function cloneProject(project: Project): Project {
  return { ...project, versionByName: new Map(project.versionByName) };
}

function mapValues<K, V>(map: ReadonlyMap<K, V>, copy: (value: V) => V): Map<K, V> {
  const copied = new Map<K, V>();
  for (const [key, value] of map) copied.set(key, copy(value));
  return copied;
}
