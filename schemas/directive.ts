/** What the coordinator tells one server: which group it is in, and exactly what to hold there. */
import { z } from 'zod';
import { Digest, GroupId, ProjectId, ProjectVersion, ServerId, Stamp } from './ids.ts';
import { bundleBytesMax } from './commands.ts';
import { StoredProbe } from './rollout.ts';

export const Assignment = Stamp.extend({
  server: ServerId,
  /** null: available, in no group. */
  group: GroupId.nullable(),
});
export type Assignment = z.infer<typeof Assignment>;

export const HeldProject = z.object({ project: ProjectId, version: ProjectVersion });
export type HeldProject = z.infer<typeof HeldProject>;

export const DesiredProject = HeldProject.extend({
  digest: Digest,
  bytes: z.int().min(1).max(bundleBytesMax),
  /** What has to answer on the server beside the project's own health check; absent: nothing. */
  probe: StoredProbe.optional(),
});
export type DesiredProject = z.infer<typeof DesiredProject>;

/** "Hold exactly these project versions": the whole set, sorted by project, never a difference. */
export const Directive = Stamp.extend({
  server: ServerId,
  group: GroupId,
  /** `draining`: the readiness check fails and answers close their connections; what is in flight finishes. */
  serving: z.enum(['yes', 'draining']),
  projects: z.array(DesiredProject),
});
export type Directive = z.infer<typeof Directive>;

/** What the group shall carry, for whoever watches a group; servers follow their own directives. */
export const GroupDesired = Stamp.extend({ group: GroupId, projects: z.array(DesiredProject) });
export type GroupDesired = z.infer<typeof GroupDesired>;
