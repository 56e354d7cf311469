/** A refusal, as a value: a closed code for programs, a sentence for people, and what to do next. */
import { z } from 'zod';

export const rejectionCodes = [
  /** The bytes are no command: not one map, hostile, cut short, or not what Content-Type says. */
  'malformed',
  /** No such noun and verb. */
  'unknown-command',
  /** A field is missing, unknown, or of the wrong type or form. */
  'invalid',
  /** This principal may not ask this. */
  'forbidden',
  /** Only the coordinator itself decides this. */
  'system-only',
  'id-reused',
  'too-old',
  'too-large',
  /** `ifPosition` does not hold: what it names has changed since. */
  'conflict',
  /** Everything asked is so already; nothing was changed. */
  'unchanged',
  'unknown-group',
  'unknown-server',
  'unknown-project',
  'unknown-version',
  'unknown-deployment',
  /** No rollout of the project is under way on the group. */
  'unknown-rollout',
  'unknown-balancer',
  'group-exists',
  'group-not-empty',
  /** The server is in another group, or on its way into one. */
  'server-elsewhere',
  'server-not-in-group',
  /** The server is on its way out of its group. */
  'server-leaving',
  /** The version is there with other bytes: versions are immutable. */
  'version-exists',
  'project-retired',
  /** A group still carries it. */
  'project-deployed',
  /** A system proposal that no longer fits the head of the log. */
  'overtaken',
  /** The fleet holds as many of these as it may. */
  'limit-reached',
] as const;

export const RejectionCode = z.enum(rejectionCodes);
export type RejectionCode = z.infer<typeof RejectionCode>;

export const Rejection = z.object({
  code: RejectionCode,
  /** What was refused and why, in one sentence. */
  message: z.string(),
  /** What to do next, where we know: a command to type or a field to change. */
  next: z.string().optional(),
  /** The field the refusal is about, as a dotted path in the body. */
  field: z.string().optional(),
});
export type Rejection = z.infer<typeof Rejection>;
