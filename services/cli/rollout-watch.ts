/** Follows a rollout for a person: a live tree on a terminal, a line a step anywhere else, and an end that tells the truth. */
import type { RolloutView } from '../../schemas/views.ts';
import type { RolloutAwaited } from '../../src/changes/follow-through.ts';
import type { RolloutOutcome } from '../../src/client/rollout-follow.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { tellSteps } from './in-traffic.ts';
import { LiveView } from './live-view.ts';
import type { Complaint } from './output.ts';
import { rolloutTree, targetsText } from './rollout-page.ts';
import type { Session } from './session.ts';

export interface Watched {
  /** The rollout is told where it ended, by whoever watches: the tree need not stay. */
  readonly isToldAfter: boolean;
}

export async function watchRollout(
  session: Session,
  asked: RolloutAwaited,
  watched: Watched = { isToldAfter: false },
): Promise<RolloutOutcome> {
  return LiveView.isFor(process.stderr) ? watchLive(session, asked, watched) : watchPlain(session, asked);
}

async function watchLive(
  { muster, output: { paint }, signal }: Session,
  asked: RolloutAwaited,
  { isToldAfter }: Watched,
): Promise<RolloutOutcome> {
  let newest: RolloutView | undefined;
  const live = new LiveView(process.stderr, () =>
    newest === undefined ? [] : rolloutTree(newest, { paint, now: Date.now() }),
  );
  const onProgress = (view: RolloutView) => {
    newest = view;
    live.touch();
  };
  try {
    return await muster.waitForRollout(asked.rollout, { ...asked, signal, onProgress });
  } finally {
    if (isToldAfter) live.clear();
    else live.close();
  }
}

async function watchPlain(
  session: Session,
  { group, rollout, from, timeoutMs }: RolloutAwaited,
): Promise<RolloutOutcome> {
  const { muster, signal } = session;
  const stop = new AbortController();
  const telling = tellSteps(session, { from, groups: [group] }, AbortSignal.any([signal, stop.signal]));
  try {
    return await muster.waitForRollout(rollout, { group, timeoutMs, signal });
  } finally {
    stop.abort();
    await telling;
  }
}

/** How it ended: an exit code, and what to complain of unless it ended as it should. */
export interface RolloutEnd {
  readonly exitCode: ExitCode;
  readonly complaint?: Complaint;
}

export function endOf(outcome: RolloutOutcome, { group, rollout }: RolloutAwaited): RolloutEnd {
  if (outcome.status === 'unknown') {
    const message = `the rollout of position ${rollout} is none of those that ${group} remembers`;
    return { exitCode: exitCodes.failed, complaint: { code: 'unknown-rollout', message, next: 'muster log' } };
  }
  if (outcome.status === 'timeout') {
    const next = outcome.rollout?.progress?.next ?? 'a coordinator that answers';
    const message = `the rollout of position ${rollout} on ${group} is not over yet and goes on without us; it waits for: ${next}`;
    return {
      exitCode: exitCodes.waitedTooLong,
      complaint: { code: 'waited-too-long', message, next: statusCommand(outcome.rollout, group) },
    };
  }
  // Whoever joins first proves it: nothing is left to wait for.
  if (outcome.status === 'no-servers') return { exitCode: exitCodes.done };
  return endOfView(outcome.rollout);
}

/** Of a rollout that is over or needs a person; one under way has not ended. */
export function endOfView(view: RolloutView): RolloutEnd {
  const { group, status, reason, rollout, targets } = view;
  const project = targets[0]?.project ?? '';
  const what = `the rollout of ${targetsText(view)} on ${group} (position ${rollout})`;
  const because = reason === '' ? '' : `: ${reason}`;
  switch (status) {
    case 'running':
    case 'rolling-back':
    case 'succeeded':
      return { exitCode: exitCodes.done };
    case 'paused':
      return complaint('paused', {
        exitCode: exitCodes.needsPerson,
        message: `${what} is paused and needs a person${because}`,
        next: `muster rollout promote ${project} ${group}, or: muster rollout abort ${project} ${group}`,
      });
    case 'halted':
      return complaint('halted', {
        exitCode: exitCodes.failed,
        message: `${what} has halted${because}`,
        next: `muster rollout retry ${project} ${group}, or: muster rollout abort ${project} ${group}`,
      });
    case 'rolled-back':
      return complaint('rolled-back', {
        exitCode: exitCodes.rolledBack,
        message: `${what} was rolled back${because}`,
        next: `muster why position ${rollout}`,
      });
    case 'superseded':
    case 'withdrawn':
      return complaint(status, {
        exitCode: exitCodes.failed,
        message: `${what} was ${status} before it was done${because}`,
        next: `muster rollout list --group ${group}`,
      });
  }
}

function complaint(
  code: string,
  { exitCode, message, next }: { readonly exitCode: ExitCode; readonly message: string; readonly next: string },
): RolloutEnd {
  return { exitCode, complaint: { code, message, next } };
}

function statusCommand(view: RolloutView | undefined, group: string): string {
  const project = view?.targets[0]?.project;
  return project === undefined ? `muster rollout list --group ${group}` : `muster rollout status ${project} ${group}`;
}
