/**
 * What it takes to make a fleet what a file declares: commands in the order to give them, and all that was looked at to
 * find them. Pure. Nothing is taken away unless `prune` says so: what the file does not name is told as kept.
 *
 * Must not know how commands are sent. Duty of the caller: hands in acknowledged state; carries out a plan only while
 * everything in `reads` is still as it was (`changedSince`).
 */
import { overlayGroup } from '../domain/rollout-policy.ts';
import type { FleetState, Group } from '../domain/state.ts';
import type { Command } from '../../schemas/commands.ts';
import type { DeclaredGroup, FleetFile } from '../../schemas/fleet-file.ts';
import {
  type Digest,
  type GroupName,
  groupIdOf,
  type Position,
  type ProjectId,
  type ProjectVersion,
  type ServerId,
} from '../../schemas/ids.ts';
import { plannedMembers, wantedOf } from './members.ts';
import { type Read, Reads } from './reads.ts';

/** A folder packed: what publishing it would name. */
export interface PackedProject {
  readonly digest: Digest;
  readonly bytes: number;
}

export interface PlanOptions {
  readonly file: FleetFile;
  /** What the file's folders hold, packed. */
  readonly packedByProject: ReadonlyMap<ProjectId, PackedProject>;
  readonly prune: boolean;
  /** `groups`: what the file does not name is none of its business, whatever `prune` says. Default: `fleet`. */
  readonly scope?: 'fleet' | 'groups';
}

export interface PlannedChange {
  readonly command: Command;
  /** For people: what changes, as `before -> after` where there is a before. */
  readonly text: string;
  /** What `ifPosition` names for this command: a key of `reads`. */
  readonly on: string;
  /** The folder to publish, of `project.publish`. */
  readonly folder?: string;
}

export interface FleetPlan {
  /** Of the log it was made at. */
  readonly position: Position;
  readonly changes: PlannedChange[];
  /** What is there, not in the file, and stays. */
  readonly kept: string[];
  readonly reads: Read[];
}

/** Publishes first, then groups and policies, members, deployments; what is taken away last. */
export function planOf(state: FleetState, { file, packedByProject, prune, scope = 'fleet' }: PlanOptions): FleetPlan {
  const planning: Planning = { state, prune, reads: new Reads(state), kept: [] };
  const declared = Object.entries(file.groups) as [GroupName, DeclaredGroup][];
  const publishes = publishing(planning, { file, packedByProject });
  const groups = declared.flatMap(([name, group]) => shaping(planning, name, group));
  const wantedByGroup = new Map(
    declared.map(([name, { servers }]) => [name, servers === undefined ? [] : wantedOf(state, servers)]),
  );
  const claimed = new Set([...wantedByGroup.values()].flat());
  const members = declared.flatMap(([name, { servers }]) =>
    servers === undefined ? [] : plannedMembers(planning, { name, wanted: wantedByGroup.get(name) ?? [], claimed }),
  );
  const deployments = declared.flatMap(([name, group]) => deploying(planning, name, group));
  const withdrawals = declared.flatMap(([name, group]) => withdrawing(planning, name, group));
  const named = new Set(declared.map(([name]) => groupIdOf(name)));
  const removals = [...state.groupById.values()]
    .filter(({ id }) => scope === 'fleet' && !named.has(id))
    .flatMap((group) => removing(planning, group));
  const changes = [...publishes, ...groups, ...members, ...deployments, ...withdrawals, ...removals];
  return { position: state.position, changes, kept: planning.kept, reads: planning.reads.all() };
}

export interface Planning {
  readonly state: FleetState;
  readonly prune: boolean;
  readonly reads: Reads;
  readonly kept: string[];
}

function publishing(
  { reads, state }: Planning,
  { file, packedByProject }: Pick<PlanOptions, 'file' | 'packedByProject'>,
): PlannedChange[] {
  const changes: PlannedChange[] = [];
  const declared = Object.entries(file.projects ?? {}) as [ProjectId, { version: ProjectVersion; folder: string }][];
  for (const [project, { version, folder }] of declared) {
    const packed = packedByProject.get(project);
    if (packed === undefined) throw new Error(`invariant broken: the folder of ${project} is packed before planning`);
    const on = reads.project(project);
    const published = state.projectById.get(project)?.versionByName.get(version);
    // The same version with other bytes is left to the fleet to refuse: it says what to do.
    if (published?.digest === packed.digest) continue;
    const command = { type: 'project.publish', payload: { project, version, ...packed } } as const;
    changes.push({ command, on, folder, text: `publish ${project}@${version} from ${folder}` });
  }
  return changes;
}

function shaping({ state, reads }: Planning, name: GroupName, { policy }: DeclaredGroup): PlannedChange[] {
  const on = reads.group(groupIdOf(name));
  const group = state.groupById.get(groupIdOf(name));
  if (group === undefined) {
    const payload = { group: name, ...(policy === undefined ? {} : { policy }) };
    return [{ command: { type: 'group.create', payload }, on, text: `create group ${name}` }];
  }
  if (policy === undefined) return [];
  const wanted = overlayGroup(group.policy, policy);
  const differing = differences(group.policy, wanted);
  if (differing.length === 0) return [];
  const command = { type: 'group.configure', payload: { group: name, policy } } as const;
  return [{ command, on, text: `group ${name}: ${differing.join(', ')}` }];
}

/** `lease 6000 -> 9000`, by dotted path. */
function differences(before: object, after: object, path = ''): string[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const was = (before as Record<string, unknown>)[name];
    if (isPlain(was) && isPlain(value)) return differences(was, value, `${path}${name}.`);
    const [old, fresh] = [JSON.stringify(was), JSON.stringify(value)];
    return old === fresh ? [] : [`${path}${name} ${old} -> ${fresh}`];
  });
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deploying({ state, reads }: Planning, name: GroupName, { deployments = {} }: DeclaredGroup): PlannedChange[] {
  const group = state.groupById.get(groupIdOf(name));
  const declared = Object.entries(deployments) as [ProjectId, ProjectVersion][];
  return declared.flatMap(([project, version]) => {
    reads.project(project);
    const on = reads.deployment(groupIdOf(name), project);
    const before = group?.deploymentByProject.get(project)?.version;
    if (before === version) return [];
    const command = { type: 'deployment.request', payload: { group: name, project, version } } as const;
    const text = `deploy ${project} ${before === undefined ? version : `${before} -> ${version}`} to ${name}`;
    return [{ command, on, text }];
  });
}

function withdrawing(planning: Planning, name: GroupName, { deployments }: DeclaredGroup): PlannedChange[] {
  const group = planning.state.groupById.get(groupIdOf(name));
  if (group === undefined || deployments === undefined) return [];
  const stray = [...group.deploymentByProject.keys()].filter((project) => !Object.hasOwn(deployments, project));
  return stray.flatMap((project) => withdrawal(planning, group, project));
}

function withdrawal({ prune, kept, reads }: Planning, group: Group, project: ProjectId): PlannedChange[] {
  const on = reads.deployment(group.id, project);
  const what = `${project} on ${group.name}`;
  if (!prune) {
    kept.push(`deployment ${what}`);
    return [];
  }
  const command = { type: 'deployment.withdraw', payload: { group: group.name, project } } as const;
  return [{ command, on, text: `withdraw ${what}` }];
}

/** A group goes once it is empty: its servers first, then what it carries, then itself. */
function removing(planning: Planning, group: Group): PlannedChange[] {
  const on = planning.reads.group(group.id);
  if (!planning.prune) {
    planning.kept.push(`group ${group.name}`);
    return [];
  }
  const servers: ServerId[] = [...group.servers].sort();
  const emptying: PlannedChange[] =
    servers.length === 0
      ? []
      : [
          {
            command: { type: 'group.set-servers', payload: { group: group.name, servers: [] } },
            on,
            text: `take every server out of ${group.name}: ${servers.join(', ')}`,
          },
        ];
  const withdrawals = [...group.deploymentByProject.keys()].flatMap((project) => withdrawal(planning, group, project));
  const deletion: PlannedChange = {
    command: { type: 'group.delete', payload: { group: group.name } },
    on,
    text: `delete group ${group.name}`,
  };
  return [...emptying, ...withdrawals, deletion];
}
