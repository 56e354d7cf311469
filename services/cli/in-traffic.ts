/** Waits until what was decided is in traffic, and tells each step as it happens: from the group's status and the feed. */
import { type GroupName, type Position, groupIdOf } from '../../schemas/ids.ts';
import type { Laggard } from '../../src/client/failed-servers.ts';
import type { WaitOutcome, WaitProgress } from '../../src/client/traffic-wait.ts';
import type { TrafficAwaited } from '../../src/changes/follow-through.ts';
import { waitForGroups } from '../../src/changes/group-wait.ts';
import { systemClock } from '../../src/std/clock.ts';
import { isStepIn } from './awaited.ts';
import { eventText, isTrouble } from '../../src/audit/event-text.ts';
import { oneLine } from '../../src/std/one-line.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';

/** Lines about who is behind, at most so many at a time: a large group must not flood a terminal. */
export const laggardLinesMax = 3;
const timeOfDay = /\d\d:\d\d:\d\d UTC/g;
const stageText = { pool: 'the pool holds the change', balancers: 'every balancer has proved it' } as const;

/** Waits for all the groups, one after the other within one deadline, with a line for each step as it happens. */
export async function waitInTraffic(session: Session, asked: TrafficAwaited): Promise<WaitOutcome> {
  const stop = new AbortController();
  const { muster, output, signal } = session;
  const { event, groups } = asked;
  const told = { from: asked.from ?? event.position + 1, groups };
  const steps = tellSteps(session, told, AbortSignal.any([signal, stop.signal]));
  try {
    const onProgress = (group: string) => progressTeller(output, group);
    return await waitForGroups({ ...asked, muster, clock: systemClock, signal, onProgress });
  } finally {
    stop.abort();
    await steps;
  }
}

/** Tells each stage, and of each laggard what is new about it. */
function progressTeller({ step, paint }: Output, group: string): (progress: WaitProgress) => void {
  const lastByWhat = new Map<string, string>();
  return (progress) => {
    if (progress.step === 'stage') {
      if (progress.stage !== 'servers')
        step(`${paint.green(progress.stage.padEnd(10))}${stageText[progress.stage]} (${group})`);
      return;
    }
    for (const laggard of progress.laggards.slice(0, laggardLinesMax)) {
      const text = laggardText(laggard);
      // When it tries again is new each time, and nothing happened.
      const news = text.replaceAll(timeOfDay, '');
      if (lastByWhat.get(laggard.what) !== news) step(`${paint.dim('waiting')}   ${text}`);
      lastByWhat.set(laggard.what, news);
    }
  };
}

/** Follows the feed beside the wait. It only tells: should it break, the wait goes on and decides. */
export async function tellSteps(
  { muster, output: { step, paint } }: Session,
  { from, groups }: { readonly from: Position; readonly groups: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const ids = groups.map((group) => groupIdOf(group as GroupName));
  try {
    for await (const event of muster.events({ from, follow: true, signal })) {
      if (!isStepIn(event, ids)) continue;
      const head = isTrouble(event) ? paint.red('trouble   ') : paint.green('step      ');
      step(`${head}${eventText(event)}`);
    }
  } catch (caught) {
    if (!signal.aborted) step(paint.dim(`(events cannot be shown: ${String(caught)})`));
  }
}

export function laggardText({ what, reason }: Laggard): string {
  return oneLine(`${what}: ${reason}`);
}
