/** What can have happened to a rollout once it was asked for, and what that was decided on. Part of `events.ts`. */
import { z } from 'zod';
import { At, GroupId, Position, ServerId } from './ids.ts';

const servers = z.array(ServerId);
/** A rollout is named by its group and the position of its request. */
const rolloutHead = { group: GroupId, rollout: Position };
/** What a gate was judged on: bounded, the servers that matter most first. */
const gateEvidence = z.object({
  servers: z.array(z.object({ server: ServerId, healthySince: At.nullable(), text: z.string().optional() })).max(20),
  /** Requests and failures of new and old servers since the step began, and their mean latency in milliseconds. */
  figures: z
    .object({
      new: z.object({ requests: z.int(), errors: z.int(), latencyMs: z.number() }),
      old: z.object({ requests: z.int(), errors: z.int(), latencyMs: z.number() }),
    })
    .nullable(),
});
export type GateEvidence = z.infer<typeof gateEvidence>;

export const rolloutEventSchemas = {
  /** Proposed by the leader: these servers shall hold the new version now. `passed`: what the step before was judged on. */
  'rollout.advanced': z.object({
    ...rolloutHead,
    /** Which of its projects, and which step of it, both from 0. */
    target: z.int(),
    step: z.int(),
    servers,
    passed: gateEvidence.nullable(),
    /** The last one that takes requests takes the version while it serves. Absent: written before, when it left its pool too. */
    sparesLast: z.literal(true).optional(),
  }),
  /** `step`: a canary's own pause, proposed by the leader with its passed gate; else an operator's. */
  'rollout.paused': z.object({ ...rolloutHead, by: z.enum(['step', 'operator']), passed: gateEvidence.nullable() }),
  'rollout.resumed': z.object({ ...rolloutHead }),
  'rollout.promoted': z.object({ ...rolloutHead, all: z.boolean() }),
  'rollout.aborted': z.object({ ...rolloutHead }),
  'rollout.retried': z.object({ ...rolloutHead }),
  /** Proposed by the leader: one pool revision from the old part to the standby part. Blue-green only. */
  'rollout.switched': z.object({ ...rolloutHead, to: servers, from: servers, passed: gateEvidence }),
  /** Proposed by the leader: a gate did not pass. It goes back by itself, or waits for a person. */
  'rollout.failed': z.object({
    ...rolloutHead,
    cause: z.enum(['sync-failed', 'healthy-deadline', 'progress-deadline', 'unhealthy', 'error-rate', 'latency']),
    reason: z.string(),
    next: z.enum(['roll-back', 'halt']),
    failed: gateEvidence,
  }),
  /** Proposed by the leader: everybody holds the version from before again. */
  'rollout.rolled-back': z.object({ ...rolloutHead, evidence: z.object({ servers: z.int() }) }),
  /** Proposed by the leader: everybody that can hold it does, and has for the time asked. */
  'rollout.succeeded': z.object({ ...rolloutHead, evidence: z.object({ servers: z.int() }) }),
} as const;
