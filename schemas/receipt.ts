/** What comes back from servers and balancers: heartbeats, and proofs of what they have applied. Never logged as such. */
import { z } from 'zod';
import { Address, At, BalancerId, GroupId, LogId, Position, ProjectId, ServerId, Stamp, Term } from './ids.ts';
import { HeldProject } from './directive.ts';
import { ProjectFailure } from './events.ts';
import { beatsPerLease, leaseMsDefault } from './policy.ts';

/** Projects a heartbeat counts requests of, at most: one for each canary under way in a group. */
export const watchedProjectsMax = 20;
/** As much as a person reads of why a server, a project on it or a pool is not well. */
export const problemLengthMax = 500;
/** Projects a receipt tells the failure of, at most. */
export const failuresMax = 20;
/** Random and the sender's own: 64 characters are more than anybody needs. */
const InstanceId = z.string().min(1).max(64);

/** From one heartbeat to the next under the default lease. */
export const beatMsDefault = leaseMsDefault / beatsPerLease;
/** However long a lease: a word that was lost on its way to a server is made good with its next heartbeat. */
export const beatMsMax = 10_000;

/** A server's heartbeat: a request, answered by the leader with `BeatAnswer`. */
export const Beat = z.object({
  server: ServerId,
  /** Random, new at each start of the agent. */
  instance: InstanceId,
  /** The log it last heard of; absent before the first directive. */
  log: LogId.optional(),
  /** What it holds: the stamp of the assignment and directive it last took in; 0 before the first. */
  assignment: z.object({ term: Term, position: Position }),
  directive: z.object({ term: Term, position: Position }),
  /** Requests in flight now. Absent: the gateway cannot count them. */
  inFlight: z.int().min(0).optional(),
  healthy: z.boolean(),
  /** Why it is not. */
  problem: z.string().max(problemLengthMax).optional(),
  /**
   * While a directive is carried out: its position, how many of its bundles are here and verified, of how many. Absent:
   * nothing is under way. For people alone; what counts is the receipt.
   */
  sync: z.object({ position: Position, bundles: z.int().min(0), of: z.int().min(1) }).optional(),
  /**
   * Of the projects the last answer asked to `watch`: requests, failures (5xx) and their summed latency in milliseconds,
   * since the instance began. Absent: not asked for, or the gateway cannot count.
   */
  traffic: z
    .array(HeldProject.extend({ requests: z.int().min(0), errors: z.int().min(0), latencyMs: z.number().min(0) }))
    .max(1_024)
    .optional(),
  /**
   * Every request of clients since the instance began: answered, failed (5xx) of these, and their summed latency in
   * milliseconds. Absent: the gateway cannot count. For people alone: rollouts are judged by `traffic`.
   */
  answered: z.object({ requests: z.int().min(0), errors: z.int().min(0), latencyMs: z.number().min(0) }).optional(),
  /** What it would register, until the fleet is known to hold just that: mostly it does, and needs no command. */
  registers: z.object({ address: Address, agent: z.string() }).optional(),
});
export type Beat = z.infer<typeof Beat>;

/** The newest stamps there are for this server; an agent that is behind fetches by direct get. */
export const BeatAnswer = z.object({
  log: LogId,
  term: Term,
  /** False: the fleet does not know this server. It registers, unless it was retired under this very log. */
  known: z.boolean(),
  /**
   * Only where there is something to say: whether the fleet holds what the beat `registers`; false, unasked too, for one
   * that drained itself to stop, which registering puts back.
   */
  registered: z.boolean().optional(),
  /** Only where it is: drained out of its pool. How one that cannot count learns that it may stop. */
  drained: z.literal(true).optional(),
  /** Only where a rollout compares them just now: projects whose requests the next heartbeats count. */
  watch: z.array(ProjectId).max(watchedProjectsMax).optional(),
  /** Only where its group's lease asks for another pace than the default's: milliseconds from one heartbeat to the next. */
  beatMs: z.int().min(1).max(beatMsMax).optional(),
  group: GroupId.nullable(),
  assignment: z.object({ term: Term, position: Position }),
  directive: z.object({ term: Term, position: Position }),
  /** Of the newest receipt the leader has of the beat's instance, the position; the agent sends its own when it differs. */
  receipt: Position,
});
export type BeatAnswer = z.infer<typeof BeatAnswer>;

/** A server's proof: it took in the directive with this stamp; what holds now, and what failed with its text. */
export const Receipt = Stamp.extend({
  server: ServerId,
  instance: InstanceId,
  serving: z.enum(['yes', 'draining']),
  /** Applied and passing the server's own health check. Everything asked for, exactly when `failures` is empty. */
  projects: z.array(HeldProject),
  failures: z.array(ProjectFailure.extend({ text: z.string().max(problemLengthMax) })).max(failuresMax),
  /** With failures: when it tries again by itself. Absent: its tries are used up. */
  retryAt: At.optional(),
});
export type Receipt = z.infer<typeof Receipt>;

/** A balancer's proof for one group's pool: read back from the balancer, never remembered. */
export const Applied = Stamp.extend({
  balancer: BalancerId,
  group: GroupId,
  /** Servers in the pool by what the balancer says, those draining included. */
  servers: z.int().min(0),
  /** Requests in flight on servers that take no new ones; of those alone that the balancer counts. */
  inFlight: z.array(z.object({ server: ServerId, inFlight: z.int().min(0) })),
  /** Where the balancer takes requests for this group, as a URL. */
  listen: z.string().optional(),
  /** Why the newest revision is not applied, when it is not; the stamp is then of the last good one. */
  error: z.string().max(problemLengthMax).optional(),
});
export type Applied = z.infer<typeof Applied>;
