/** What coordinators say of themselves: to whoever asks one, and to each other in beats. */
import { z } from 'zod';
import { LogId, Position, Term } from './ids.ts';

/** The answer of whichever coordinator was asked. */
export const CoordinatorView = z.object({
  instance: z.string(),
  role: z.enum(['leader', 'standby']),
  durability: z.enum(['fsync-always', 'fsync-interval', 'unknown']),
  /** What is wrong that only a person can mend, a sentence each. */
  troubles: z.array(z.string()),
  servers: z.int(),
  groups: z.int(),
});
export type CoordinatorView = z.infer<typeof CoordinatorView>;

/** What each coordinator says of itself now and then, whether it leads or stands by. */
export const ReplicaBeat = z.object({
  log: LogId.nullable(),
  term: Term,
  /** How far it has folded the log. */
  position: Position,
  instance: z.string(),
  role: z.enum(['leader', 'standby']),
  /** Fleets that its process leads, this one or others. */
  leads: z.int().min(0),
  durability: CoordinatorView.shape.durability,
  troubles: CoordinatorView.shape.troubles,
});
export type ReplicaBeat = z.infer<typeof ReplicaBeat>;

/** The leader's beat to the standbys and to whoever looks for it. */
export const LeaderBeat = z.object({
  log: LogId,
  term: Term,
  position: Position,
  instance: z.string(),
  /** True in the last beat of a leader that stops cleanly: whoever stands by may take over at once. */
  leaving: z.boolean(),
});
export type LeaderBeat = z.infer<typeof LeaderBeat>;
