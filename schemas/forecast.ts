/** What would follow from commands, were every server to do what it is told at once. */
import { z } from 'zod';
import { Event } from './events.ts';
import { At, GroupId, Position, ServerId } from './ids.ts';
import { Rejection } from './rejection.ts';

export const ForecastDecision = z.discriminatedUnion('status', [
  z.object({ status: z.literal('accepted'), command: z.string(), event: Event }),
  z.object({ status: z.literal('rejected'), command: z.string(), rejection: Rejection }),
]);
export type ForecastDecision = z.infer<typeof ForecastDecision>;

export const ForecastTransition = z.discriminatedUnion('kind', [
  /** What the coordinator would find to have happened. */
  z.object({ kind: z.literal('event'), at: At, event: Event }),
  /** One pool revision: whom traffic comes to, who takes no new requests any more, who is gone. */
  z.object({
    kind: z.literal('pool'),
    at: At,
    group: GroupId,
    entered: z.array(ServerId),
    draining: z.array(ServerId),
    left: z.array(ServerId),
    /** Servers that take new requests afterwards. */
    serving: z.int(),
  }),
]);
export type ForecastTransition = z.infer<typeof ForecastTransition>;

export const Forecast = z.object({
  /** Of the log it starts from. */
  position: Position,
  at: At,
  decisions: z.array(ForecastDecision),
  transitions: z.array(ForecastTransition),
  /** False: it ends at a bound, and more would follow. */
  settled: z.boolean(),
  /** Rollouts that would then wait for a person, as a paused step of a canary does. */
  waiting: z.array(z.object({ group: GroupId, rollout: Position, reason: z.string() })),
});
export type Forecast = z.infer<typeof Forecast>;
