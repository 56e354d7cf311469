/**
 * Names and numbers that cross a process boundary. Every name is one NATS subject token, so that a name can never
 * change what a subject means. Branded: a `ServerId` cannot be handed where a `GroupId` is meant.
 */
import { z } from 'zod';

const tokenPattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const token = z
  .string()
  .regex(tokenPattern, 'must be 1 to 63 of a-z, 0-9, "_" and "-", beginning with a letter or digit');

export const FleetId = token.brand<'FleetId'>();
export type FleetId = z.infer<typeof FleetId>;

export const GroupId = token.brand<'GroupId'>();
export type GroupId = z.infer<typeof GroupId>;

/** A group as people write it. Its id is the same in lower case. */
export const GroupName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
    'must be 1 to 63 letters, digits, "_" and "-", beginning with a letter or digit',
  )
  .brand<'GroupName'>();
export type GroupName = z.infer<typeof GroupName>;

export const ServerId = token.brand<'ServerId'>();
export type ServerId = z.infer<typeof ServerId>;

export const ProjectId = token.brand<'ProjectId'>();
export type ProjectId = z.infer<typeof ProjectId>;

export const BalancerId = token.brand<'BalancerId'>();
export type BalancerId = z.infer<typeof BalancerId>;

/**
 * Who asked: `srv_<server>`, `bal_<balancer>`, `system` (reserved), anything else is free for people and services.
 * Longer than a name, since it carries a prefix before one.
 */
export const Principal = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,66}$/, 'must be one subject token of a-z, 0-9, "_" and "-"')
  .brand<'Principal'>();
export type Principal = z.infer<typeof Principal>;

/** Chosen by whoever asks; the same id with the same body is the same command. One subject token. */
export const CommandId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be 1 to 64 letters, digits, "_" and "-"')
  .brand<'CommandId'>();
export type CommandId = z.infer<typeof CommandId>;

/** A project's version: free text of the publisher's scheme, as long as it is safe in a file name. */
export const ProjectVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_", "+" and "-"')
  .brand<'ProjectVersion'>();
export type ProjectVersion = z.infer<typeof ProjectVersion>;

/** SHA-256 of a bundle's bytes, 64 hex digits in lower case. */
export const Digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest: 64 hex digits in lower case')
  .brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/** The log's identity: random, minted with its first record. */
export const LogId = z.string().min(8).max(64).brand<'LogId'>();
export type LogId = z.infer<typeof LogId>;

/** An event's number in the log, from 1; 0 stands before the first. */
export const Position = z.int().min(0);
export type Position = number;

/** The reign of one leader, from 1. */
export const Term = z.int().min(0);
export type Term = number;

/** Milliseconds since the epoch. */
export const At = z.int().min(0);

export const Host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an IP address');

/** Where a server's gateway takes requests from a balancer. */
export const Address = z.strictObject({ host: Host, port: z.int().min(1).max(65_535) });
export type Address = z.infer<typeof Address>;

export const Labels = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9._/-]{0,62}$/), z.string().max(256))
  .refine((labels) => Object.keys(labels).length <= 32, 'at most 32 labels');
export type Labels = z.infer<typeof Labels>;

/** Why somebody asked, in their words; kept in the log. */
export const Reason = z.string().max(1_024);

/** The id of the group people call `name`. */
export function groupIdOf(name: GroupName | GroupId): GroupId {
  return name.toLowerCase() as GroupId;
}

/** Where a thing published stands: compared as a pair, term first. Receivers refuse what is lower than they hold. */
export const Stamp = z.object({ log: LogId, term: Term, position: Position });
export type Stamp = z.infer<typeof Stamp>;

/** Below zero: `a` is older than `b`. Says nothing about two different logs: compare `log` first. */
export function compareStamps(a: Pick<Stamp, 'term' | 'position'>, b: Pick<Stamp, 'term' | 'position'>): number {
  return a.term - b.term || a.position - b.position;
}
