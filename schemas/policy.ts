/** A group's policy: what an operator may tune, each with its meaning, unit and default. */
import { z } from 'zod';

/** How long a leaving server may finish requests before it is cut off. HAProxy and Envoy users pick 30 s most. */
export const drainTimeoutMsDefault = 30_000;
export const drainTimeoutMsMax = 3_600_000;

export const GroupPolicy = z.strictObject({
  /** Milliseconds from `server.leaving` to the deadline of the drain. */
  drainTimeoutMs: z.int().min(0).max(drainTimeoutMsMax),
});
export type GroupPolicy = z.infer<typeof GroupPolicy>;

export const defaultGroupPolicy: GroupPolicy = { drainTimeoutMs: drainTimeoutMsDefault };
