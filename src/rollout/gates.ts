/**
 * Whether the present step has passed: everybody in it healthy for long enough, nobody told before it broken since,
 * and the figures no worse. Failures count over all servers told; deadlines count from the log's times, so that any
 * leader judges the same.
 */
import type { GateEvidence } from '../../schemas/rollout-events.ts';
import type { About } from './about.ts';
import { evidenceOf } from './evidence.ts';
import { figuresOf, isEnough, looksAtFigures, requestsMin, worse } from './figures.ts';
import type { FailureCause, Standing } from './standing.ts';
import { standingOf } from './standing.ts';

/** Servers named in a failure's reason; the rest is counted. */
const namedMax = 3;

export type Verdict =
  | { readonly status: 'passed'; readonly evidence: GateEvidence; readonly standings: readonly Standing[] }
  | { readonly status: 'waits'; readonly for: string; readonly until: number | null }
  | {
      readonly status: 'failed';
      readonly cause: FailureCause;
      readonly reason: string;
      readonly evidence: GateEvidence;
    };

type Of<S extends Standing['status']> = Extract<Standing, { status: S }>;

/**
 * `bakeMs`: how long the step is watched after it has been healthy for the policy's own time. Where nobody served the
 * project before there is nobody to protect by watching: a proof is enough.
 */
export function judge(about: About, { bakeMs }: { readonly bakeMs: number }): Verdict {
  const { rollout, at } = about;
  const standings = [...rollout.moved].map((id) => standingOf(about, id));
  const failure = failedBy(about, standings) ?? worseBy(about, standings);
  if (failure !== null) return failure;
  const inBatch = new Set(rollout.batch);
  const batch = standings.filter(({ server }) => inBatch.has(server));
  const unproved = awaitsProof(about, { batch, standings });
  if (unproved !== null) return unproved;
  const skips = rollout.promoted !== null || about.target.from === null;
  const healthy = batch.filter((each): each is Of<'healthy'> => each.status === 'healthy');
  const healthyFrom = Math.max(rollout.stepAt, ...healthy.map(({ since }) => since));
  const watchedUntil = healthyFrom + rollout.policy.minHealthyMs + bakeMs;
  if (!skips && healthy.length > 0 && at < watchedUntil) {
    return {
      status: 'waits',
      for: `watches ${healthy.length} healthy ${healthy.length === 1 ? 'server' : 'servers'}`,
      until: watchedUntil,
    };
  }
  return awaitsFigures(about, { standings, healthyFrom }) ?? passed(about, standings);
}

/** Servers that have failed the version, against how many may; null: no more than may. */
export function failedBy(
  { rollout }: About,
  standings: readonly Standing[],
  failuresAllowed = rollout.policy.failuresAllowed,
): Verdict | null {
  const failed = standings.filter((each): each is Of<'failed'> => each.status === 'failed');
  const [first] = failed;
  if (first === undefined || failed.length <= failuresAllowed) return null;
  const named = failed.slice(0, namedMax).map(({ server, text }) => `${server} (${text})`);
  const more = failed.length > named.length ? ` and ${failed.length - named.length} more` : '';
  const reason = `${failed.length} failed, ${failuresAllowed} may: ${named.join(', ')}${more}`;
  return { status: 'failed', cause: first.cause, reason, evidence: evidenceOf(standings) };
}

/** No server has become healthy for the policy's time, though some should. */
export function noProgress(
  { rollout, at }: About,
  {
    standings,
    since,
    what,
  }: { readonly standings: readonly Standing[]; readonly since: number; readonly what: string },
): Verdict {
  const until = since + rollout.policy.progressDeadlineMs;
  if (at < until) return { status: 'waits', for: what, until };
  const reason = `no server became healthy for ${rollout.policy.progressDeadlineMs / 1_000} s: ${what}`;
  return { status: 'failed', cause: 'progress-deadline', reason, evidence: evidenceOf(standings) };
}

interface Judged {
  readonly batch: readonly Standing[];
  readonly standings: readonly Standing[];
}

/** A step that only lost servers proves nothing: it is not passed, though nobody of it is waited for one by one. */
function awaitsProof(about: About, { batch, standings }: Judged): Verdict | null {
  const pending = batch.filter((each): each is Of<'pending'> => each.status === 'pending');
  const [first] = pending;
  if (first !== undefined) {
    const what = `${first.server} ${first.text}${pending.length > 1 ? `, and ${pending.length - 1} more` : ''}`;
    const timed = pending.filter((each) => each.overdueAt !== null);
    if (timed.length === 0) return { status: 'waits', for: what, until: null };
    const verdict = noProgress(about, { standings, since: Math.max(...timed.map(sinceOf)), what });
    if (verdict.status !== 'waits') return verdict;
    return { ...verdict, until: Math.min(verdict.until ?? Number.POSITIVE_INFINITY, ...timed.map(overdueOf)) };
  }
  const hasLost = batch.some(({ status }) => status === 'lost');
  if (!hasLost || batch.some(({ status }) => status === 'healthy')) return null;
  const what = 'every server of the step is lost';
  return noProgress(about, { standings, since: about.rollout.progressAt, what });
}

function sinceOf(pending: Of<'pending'>): number {
  return pending.overdueAt === null ? Number.NEGATIVE_INFINITY : pending.since;
}

function overdueOf({ overdueAt }: Of<'pending'>): number {
  return overdueAt ?? Number.POSITIVE_INFINITY;
}

/** Figures speak as soon as there are enough of them, whatever else is awaited. */
function worseBy(about: About, standings: readonly Standing[]): Verdict | null {
  const figures = looksAtFigures(about.rollout) ? figuresOf(about) : null;
  if (figures === null || !isEnough(figures)) return null;
  const cause = worse(about.rollout, figures);
  if (cause === null) return null;
  return { status: 'failed', cause, reason: figuresText(cause, figures), evidence: evidenceOf(standings, figures) };
}

/** Never a guess: without enough requests it waits for them, until the progress deadline says that none will come. */
function awaitsFigures(
  about: About,
  { standings, healthyFrom }: { readonly standings: readonly Standing[]; readonly healthyFrom: number },
): Verdict | null {
  const { rollout, at } = about;
  const figures = looksAtFigures(rollout) && rollout.promoted === null ? figuresOf(about) : null;
  const until = Math.max(healthyFrom, rollout.progressAt) + rollout.policy.progressDeadlineMs;
  const isNobodyNew = !standings.some(({ status }) => status === 'healthy');
  if (figures === null || isEnough(figures) || isNobodyNew || at >= until) return null;
  const { new: fresh, old } = figures;
  const what = `counts requests: ${fresh.requests} on new and ${old.requests} on old servers, of ${requestsMin} each`;
  return { status: 'waits', for: what, until };
}

function passed(about: About, standings: readonly Standing[]): Verdict {
  const figures = looksAtFigures(about.rollout) ? figuresOf(about) : null;
  return { status: 'passed', evidence: evidenceOf(standings, figures), standings };
}

function figuresText(
  cause: 'error-rate' | 'latency',
  { new: fresh, old }: NonNullable<GateEvidence['figures']>,
): string {
  if (cause === 'latency') return `new servers take ${fresh.latencyMs} ms in the mean, old ones ${old.latencyMs} ms`;
  const share = ({ errors, requests }: typeof fresh) => `${errors} of ${requests}`;
  return `on new servers ${share(fresh)} requests failed, on old ones ${share(old)}`;
}
