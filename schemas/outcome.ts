/** The answer to a command: what the log holds about it now. Never sent before the append is acknowledged. */
import { z } from 'zod';
import { Event } from './events.ts';
import { CommandId, LogId, Position, Term } from './ids.ts';
import { Rejection } from './rejection.ts';

const common = {
  log: LogId,
  term: Term,
  /** The event's position, of the acceptance or of the rejection. */
  position: Position,
  id: CommandId,
  /** True: this id was seen before, and this is the first outcome again. */
  repeated: z.boolean(),
  /** False for a command that came without an id: sending it again is a second command. */
  safeToRepeat: z.boolean(),
};

export const Outcome = z.discriminatedUnion('status', [
  z.object({ ...common, status: z.literal('accepted'), event: Event }),
  z.object({ ...common, status: z.literal('rejected'), rejection: Rejection }),
  /**
   * Not taken, or not decided in time: it may still be. Both only for requests on `do`. Or decided before, and its outcome
   * cannot be read from the log any more. `safeToRepeat`: it never reached the fleet; else only with the same id.
   */
  z.object({ status: z.literal('unknown'), message: z.string(), safeToRepeat: z.boolean() }),
]);
export type Outcome = z.infer<typeof Outcome>;
