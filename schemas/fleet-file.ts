/** A fleet as a file declares it: groups with their servers, policies and deployments, and the projects they run. */
import { z } from 'zod';
import { serversPerCommandMax } from './commands.ts';
import { GroupName, Labels, ProjectId, ProjectVersion, ServerId } from './ids.ts';
import { GroupPolicyChange } from './policy.ts';

/** By name, or every server that bears all of these labels. */
export const DeclaredServers = z.union([
  z.array(ServerId).max(serversPerCommandMax),
  z.strictObject({ labels: Labels.refine((labels) => Object.keys(labels).length > 0, 'must name at least one label') }),
]);
export type DeclaredServers = z.infer<typeof DeclaredServers>;

export const DeclaredGroup = z.strictObject({
  /** What is not named stays as it is; in a new group, as the defaults are. */
  policy: GroupPolicyChange.optional(),
  /** Undefined: membership is none of the file's business. */
  servers: DeclaredServers.optional(),
  /** Version by project. Undefined: deployments are none of the file's business. */
  deployments: z.record(ProjectId, ProjectVersion).optional(),
});
export type DeclaredGroup = z.infer<typeof DeclaredGroup>;

export const FleetFile = z.strictObject({
  /** Versions to publish where they are not there yet, from folders beside the file. */
  projects: z.record(ProjectId, z.strictObject({ version: ProjectVersion, folder: z.string().min(1) })).optional(),
  groups: z.record(GroupName, DeclaredGroup),
});
export type FleetFile = z.infer<typeof FleetFile>;
