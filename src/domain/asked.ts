/** What reaches the decider: a command that was understood, or one that was not and is refused in the log all the same. */
import type { Command, CommandEnvelope } from '../../schemas/commands.ts';
import type { CommandId, Position, Principal } from '../../schemas/ids.ts';
import type { Rejection } from '../../schemas/rejection.ts';

export type Asked =
  | { readonly kind: 'command'; readonly command: Command; readonly envelope: CommandEnvelope }
  | {
      readonly kind: 'refused';
      /** The noun and verb, as far as the subject told. */
      readonly type: string;
      /** What of the envelope could be read. */
      readonly envelope: Partial<CommandEnvelope>;
      readonly rejection: Rejection;
    };

export interface DecideContext {
  /** max(the state's `at`, `askedAt`, the leader's clock), milliseconds since the epoch. */
  readonly at: number;
  /** The command's own JetStream stamp, if it has one. */
  readonly askedAt?: number | undefined;
  readonly principal: Principal;
  /** Of the event to be: the state's position + 1. */
  readonly position: Position;
  /** The asker's id, or a fresh one; and the hash that tells a repeat from a reuse. */
  readonly command: { readonly id: CommandId; readonly hash: string };
}
