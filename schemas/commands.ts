/**
 * Every command that may arrive on the bus: its payload, strict, so that a typo is an error and not a silent
 * nothing. A command's body is one map: the payload's fields beside the envelope's. Its type and its principal
 * stand in the subject, never in the body.
 */
import { z } from 'zod';
import {
  Address,
  At,
  BalancerId,
  CommandId,
  Digest,
  GroupName,
  Labels,
  Position,
  ProjectId,
  ProjectVersion,
  Reason,
  ServerId,
} from './ids.ts';
import { GroupPolicyChange } from './policy.ts';
import { RolloutPolicy } from './rollout.ts';

/** One `group.set-servers` names at most so many servers; the SDK splits what is larger. */
export const serversPerCommandMax = 4_096;
/** A bundle's packed bytes at most: what an object is fetched and verified in one piece for. */
export const bundleBytesMax = 64 * 1024 * 1024;

/** The fields any command may carry beside its payload. */
export const CommandEnvelope = z.strictObject({
  /** Without an id the command is not safe to repeat, and its outcome says so. */
  id: CommandId.optional(),
  /** When it was asked, by the asker's clock; older than the repeat window is refused as `too-old`. */
  issuedAt: At.optional(),
  /** Refused as `conflict` unless what it changes was last changed at exactly this position. */
  ifPosition: Position.optional(),
  reason: Reason.optional(),
});
export type CommandEnvelope = z.infer<typeof CommandEnvelope>;

const serverList = z.array(ServerId).max(serversPerCommandMax);

export const commandSchemas = {
  'group.create': z.strictObject({ group: GroupName, policy: GroupPolicyChange.optional() }),
  'group.configure': z.strictObject({ group: GroupName, policy: GroupPolicyChange }),
  'group.delete': z.strictObject({ group: GroupName }),
  /** Either the whole list, or what to add and what to remove. */
  'group.set-servers': z
    .strictObject({
      group: GroupName,
      servers: serverList.optional(),
      add: serverList.optional(),
      remove: serverList.optional(),
    })
    .refine(
      ({ servers, add, remove }) => (servers === undefined) !== (add === undefined && remove === undefined),
      'name either "servers", or "add" and "remove"',
    ),
  'server.register': z.strictObject({
    server: ServerId,
    address: Address,
    labels: Labels.optional(),
    /** The program's own name and version, for people. */
    agent: z.string().max(128).optional(),
  }),
  'server.configure': z.strictObject({
    server: ServerId,
    labels: Labels.optional(),
    /** Share of traffic beside the group's other servers; 0 to 256 as in HAProxy. */
    weight: z.int().min(0).max(256).optional(),
  }),
  'server.join': z.strictObject({ server: ServerId, group: GroupName }),
  'server.leave': z.strictObject({ server: ServerId }),
  'server.move': z.strictObject({ server: ServerId, group: GroupName }),
  'server.retire': z.strictObject({ server: ServerId }),
  /** It does not enter the pool any more; if it is in, it stays. As `kubectl cordon`. */
  'server.cordon': z.strictObject({ server: ServerId }),
  /** Cordon, and out of the pool in the order that loses no request; it stays a member and goes on syncing. */
  'server.drain': z.strictObject({ server: ServerId }),
  /** Undoes `cordon` and `drain`. */
  'server.uncordon': z.strictObject({ server: ServerId }),
  /** Leaves `failed`: everything is tried again from the start. */
  'server.retry': z.strictObject({ server: ServerId }),
  /** `by`, an available server, joins the group; once it is in the pool, `server` leaves. */
  'server.replace': z.strictObject({ server: ServerId, by: ServerId }),
  'project.publish': z.strictObject({
    project: ProjectId,
    version: ProjectVersion,
    digest: Digest,
    /** Size of the packed bundle in bytes. */
    bytes: z.int().min(1).max(bundleBytesMax),
  }),
  /** Without a version: the whole project. */
  'project.deprecate': z.strictObject({ project: ProjectId, version: ProjectVersion.optional() }),
  'project.retire': z.strictObject({ project: ProjectId, version: ProjectVersion.optional() }),
  /** `rollout`: what differs from the group's policy, for this one. */
  'deployment.request': z.strictObject({
    group: GroupName,
    project: ProjectId,
    version: ProjectVersion,
    rollout: RolloutPolicy.partial().optional(),
  }),
  /** Several project versions as one unit: rolled out in this order, rolled back together. */
  'release.request': z.strictObject({
    group: GroupName,
    projects: z
      .array(z.strictObject({ project: ProjectId, version: ProjectVersion }))
      .min(1)
      .max(100),
    rollout: RolloutPolicy.partial().optional(),
  }),
  /** To a version the group succeeded with earlier; without one, to the last before the present. */
  'deployment.rollback': z.strictObject({
    group: GroupName,
    project: ProjectId,
    version: ProjectVersion.optional(),
    rollout: RolloutPolicy.partial().optional(),
  }),
  /** The rollout under way of this project on this group. `abort` is legal in every status of one under way. */
  'rollout.pause': z.strictObject({ group: GroupName, project: ProjectId }),
  'rollout.resume': z.strictObject({ group: GroupName, project: ProjectId }),
  /** Skips the present step's wait, or, with `all`, everything that is left to wait for. */
  'rollout.promote': z.strictObject({ group: GroupName, project: ProjectId, all: z.boolean().optional() }),
  'rollout.abort': z.strictObject({ group: GroupName, project: ProjectId }),
  /** A halted one goes on: what failed is tried again. */
  'rollout.retry': z.strictObject({ group: GroupName, project: ProjectId }),
  'deployment.withdraw': z.strictObject({ group: GroupName, project: ProjectId }),
  'balancer.register': z.strictObject({
    balancer: BalancerId,
    kind: z.string().regex(/^[a-z]{1,16}$/),
    /** The groups whose pools it spreads traffic over; `all` includes those still to be created. */
    groups: z.union([z.literal('all'), z.array(GroupName).min(1).max(1_024)]),
  }),
  'balancer.retire': z.strictObject({ balancer: BalancerId }),
} as const;

export type CommandType = keyof typeof commandSchemas;
export type CommandPayload<T extends CommandType = CommandType> = z.infer<(typeof commandSchemas)[T]>;
/** The same as whoever asks writes it: names may be plain text, which the fleet reads. */
export type CommandPayloadInput<T extends CommandType = CommandType> =
  | CommandPayload<T>
  | z.input<(typeof commandSchemas)[T]>;
/** A command as the decider takes it: type and payload, tagged. */
export type Command = { [T in CommandType]: { readonly type: T; readonly payload: CommandPayload<T> } }[CommandType];

export const commandTypes = Object.keys(commandSchemas) as CommandType[];

export function isCommandType(type: string): type is CommandType {
  return Object.hasOwn(commandSchemas, type);
}
