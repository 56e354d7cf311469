/** Carries a change out for a person: sends it, says what was decided, and waits until it is in traffic. */
import type { CommandPayload, CommandType } from '../../schemas/commands.ts';
import type { SendOptions, SendOutcome } from '../../src/client/command-sender.ts';
import type { Laggard } from '../../src/client/failed-servers.ts';
import type { WaitOutcome } from '../../src/client/traffic-wait.ts';
import type { ChangeOptions } from './change-options.ts';
import { eventText, isStepIn, trafficGroups } from './event-text.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { complaintOfRejection } from './output.ts';
import type { Session } from './session.ts';

/** How long the decision itself may take: a coordinator that runs decides in milliseconds, a failover takes seconds. */
const decideTimeoutMs = 15_000;

export async function change<T extends CommandType>(
  session: Session,
  {
    type,
    payload,
    options,
  }: { readonly type: T; readonly payload: CommandPayload<T>; readonly options: ChangeOptions },
): Promise<ExitCode> {
  const outcome = await session.muster.send(type, payload, sendOptions(session, options));
  return settle(session, outcome, options);
}

export function sendOptions({ signal }: Session, { reason, id, ifPosition }: ChangeOptions): SendOptions {
  return {
    timeoutMs: decideTimeoutMs,
    signal,
    ...(reason === undefined ? {} : { reason }),
    ...(id === undefined ? {} : { id }),
    ...(ifPosition === undefined ? {} : { ifPosition }),
  };
}

/** Says what was decided and waits for what follows from it. */
export async function settle(session: Session, outcome: SendOutcome, options: ChangeOptions): Promise<ExitCode> {
  const { output } = session;
  const { paint } = output;
  if (outcome.status === 'rejected') {
    const { rejection, position } = outcome;
    if (rejection.code !== 'unchanged') {
      output.complain(complaintOfRejection(rejection));
      return exitCodes.rejected;
    }
    await output.data(
      { status: 'unchanged', position, message: rejection.message },
      () => `unchanged: ${rejection.message}`,
    );
    return exitCodes.done;
  }
  const { event, position, warnings, repeated } = outcome;
  for (const warning of warnings) output.step(`${paint.yellow('warning:')} ${warning}`);
  const groups = trafficGroups(event);
  const decided = `${eventText(event)} (position ${position}${repeated ? ', as decided before' : ''})`;
  if (options.detach || groups.length === 0) {
    await output.data({ status: 'accepted', position, repeated, event, warnings }, () => decided);
    return exitCodes.done;
  }
  output.step(`${paint.dim('decided')}   ${decided}`);
  const result = await waitInTraffic(session, { position, groups, timeoutMs: options.timeout });
  return conclude(session, { outcome, result, text: eventText(event) });
}

interface WaitFor {
  readonly position: number;
  readonly groups: readonly string[];
  readonly timeoutMs: number;
}

/** Waits for all the groups, one after the other within one deadline, with a line for each step as it happens. */
export async function waitInTraffic(session: Session, { position, groups, timeoutMs }: WaitFor): Promise<WaitOutcome> {
  const { muster, output, signal } = session;
  const { paint } = output;
  const stop = new AbortController();
  const steps = tellSteps(session, { position, groups, signal: AbortSignal.any([signal, stop.signal]) });
  const deadlineAt = performance.now() + timeoutMs;
  try {
    let last: WaitOutcome | undefined;
    for (const group of groups) {
      last = await muster.wait(position, {
        group,
        timeoutMs: Math.max(0, deadlineAt - performance.now()),
        signal,
        onProgress(progress) {
          if (progress.step === 'stage' && progress.stage !== 'servers') {
            output.step(`${paint.green(progress.stage.padEnd(10))}${stageText[progress.stage]} (${group})`);
          } else if (progress.step === 'laggards') {
            for (const laggard of progress.laggards.slice(0, laggardLinesMax)) {
              output.step(`${paint.dim('waiting')}   ${laggardText(laggard)}`);
            }
          }
        },
      });
      if (last.status !== 'in-traffic') break;
    }
    return last as WaitOutcome;
  } finally {
    stop.abort();
    await steps;
  }
}

/** Lines about who is behind, at most so many at a time: a large group must not flood a terminal. */
const laggardLinesMax = 3;
const stageText = { pool: 'the pool holds the change', balancers: 'every balancer has proved it' } as const;

/** Follows the feed beside the wait. It only tells: should it break, the wait goes on and decides. */
async function tellSteps(
  { muster, output }: Session,
  {
    position,
    groups,
    signal,
  }: { readonly position: number; readonly groups: readonly string[]; readonly signal: AbortSignal },
): Promise<void> {
  try {
    for await (const event of muster.events({ from: position + 1, follow: true, signal })) {
      if (!isStepIn(event, groups)) continue;
      const failed = event.type === 'server.sync-failed';
      output.step(`${failed ? output.paint.red('failed    ') : output.paint.green('step      ')}${eventText(event)}`);
    }
  } catch (caught) {
    if (!signal.aborted) output.step(output.paint.dim(`(events cannot be shown: ${String(caught)})`));
  }
}

function laggardText({ what, reason }: Laggard): string {
  return `${what}: ${reason}`;
}

interface Conclusion {
  readonly outcome: Extract<SendOutcome, { status: 'accepted' }>;
  readonly result: WaitOutcome;
  readonly text: string;
}

async function conclude({ output }: Session, { outcome, result, text }: Conclusion): Promise<ExitCode> {
  const { position, event, repeated, warnings } = outcome;
  const data = { status: result.status, position, repeated, event, warnings };
  switch (result.status) {
    case 'in-traffic':
      await output.data(data, (paint) => `${paint.green('done')}, and in traffic: ${text} (position ${position})`);
      return exitCodes.done;
    case 'failed': {
      const server = result.laggards[0]?.server;
      const message = `accepted at position ${position}, but it failed on the way: ${result.laggards.map(laggardText).join(' · ')}`;
      output.complain({
        code: 'failed',
        message,
        next: server === undefined ? 'muster log' : `muster server get ${server}`,
      });
      return exitCodes.failed;
    }
    default: {
      const waits = result.laggards.map(laggardText).join(' · ');
      const message = `accepted at position ${position} and not in traffic yet; the change goes on without us${waits === '' ? '' : `. It waits for ${waits}`}`;
      output.complain({ code: 'waited-too-long', message, next: 'muster log --follow' });
      return exitCodes.waitedTooLong;
    }
  }
}
