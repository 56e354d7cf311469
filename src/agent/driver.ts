/**
 * What stands between the agent and a gateway: the agent says what to serve, a driver makes some gateway serve it.
 * Realisations stand side by side in `drivers/`.
 *
 * The agent calls one at a time, in this order: `apply` (from disk) and `setServing` before `start`, then `apply`,
 * `setServing` and `health` as directives come, `stop` last. Only `inFlight`, `traffic` and `answered` may be
 * asked at any moment.
 */
import type { Address, Digest, ProjectId, ProjectVersion } from '../../schemas/ids.ts';
import type { ProjectFile } from '../../schemas/bundle.ts';
import type { Beat } from '../../schemas/receipt.ts';
import type { Probe } from '../../schemas/rollout.ts';

export type Serving = 'yes' | 'draining';

export interface AppliedProject {
  readonly project: ProjectId;
  readonly version: ProjectVersion;
  readonly digest: Digest;
  /** The unpacked bundle: verified, and not to be written to. It stays until two newer good sets were applied. */
  readonly folder: string;
  readonly file: ProjectFile;
  /** It has worked here before, so it is served even where its health check does not pass now. */
  readonly proven: boolean;
  /** Part of its health check, beside what its file says; absent: nothing is probed. */
  readonly probe?: Probe | undefined;
}

/** Why one project is not served, or does not pass its health check, for people. */
export interface ProjectProblem {
  readonly project: ProjectId;
  readonly text: string;
}

/** One project version's requests, failures and summed latency in milliseconds, since the gateway began. */
export type ProjectTraffic = NonNullable<Beat['traffic']>[number];

/** Every request of clients since the gateway began: answered, failed of these, and their summed latency in milliseconds. */
export type Answered = NonNullable<Beat['answered']>;

export interface Driver {
  readonly name: string;
  /** Begins to take requests; says where, if the driver listens itself. Fails with `io` where it cannot. */
  start(): Promise<{ readonly address?: Address }>;
  /**
   * No problems: exactly this set is served, and every project that is not proven has passed its health check.
   * Problems: these projects stand in the way; the caller then applies a set without them. Nothing of the set may
   * count as served until a call ends without problems. Throws `driver-failed` where no project is to blame.
   */
  apply(set: readonly AppliedProject[], signal: AbortSignal): Promise<readonly ProjectProblem[]>;
  /** `draining`: the readiness check fails and answers close their connections; what is in flight finishes. */
  setServing(serving: Serving): Promise<void>;
  /** Requests begun and not ended; undefined where it cannot tell. */
  inFlight(): number | undefined;
  /** Of every project served now; a driver that cannot tell has none. May be asked at any moment. */
  traffic?(): readonly ProjectTraffic[];
  /** A driver that cannot tell has none. May be asked at any moment. */
  answered?(): Answered;
  /** The projects served now that do not pass their health check. */
  health(signal: AbortSignal): Promise<readonly ProjectProblem[]>;
  /** Cuts off what is still in flight. Safe to repeat. */
  stop(): Promise<void>;
}
