/** Carries a change out for a person: sends it, says what was decided, and waits until it is in traffic. */
import type { CommandPayloadInput, CommandType } from '../../schemas/commands.ts';
import type { Event } from '../../schemas/events.ts';
import type { SendOptions, SendOutcome } from '../../src/client/command-sender.ts';
import type { Laggard } from '../../src/client/failed-servers.ts';
import type { WaitOutcome } from '../../src/client/traffic-wait.ts';
import type { ChangeOptions } from './change-options.ts';
import { trafficGroups } from '../../src/changes/awaited.ts';
import { followThrough } from '../../src/changes/follow-through.ts';
import { systemClock } from '../../src/std/clock.ts';
import { doneText } from './awaited.ts';
import { eventText } from '../../src/audit/event-text.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { laggardLinesMax, laggardText, waitInTraffic } from './in-traffic.ts';
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
  }: { readonly type: T; readonly payload: CommandPayloadInput<T>; readonly options: ChangeOptions },
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
      return rejection.code === 'conflict' ? exitCodes.conflict : exitCodes.rejected;
    }
    await output.data(
      { status: 'unchanged', position, message: rejection.message },
      () => `unchanged: ${rejection.message}`,
    );
    return exitCodes.done;
  }
  const { event, position, warnings, repeated } = outcome;
  for (const warning of warnings) output.step(`${paint.yellow('warning:')} ${warning}`);
  const decided = `${eventText(event)} (position ${position}${repeated ? ', as decided before' : ''})`;
  if (options.detach || trafficGroups(event).length === 0) {
    await output.data({ status: 'accepted', position, repeated, event, warnings }, () => decided);
    return exitCodes.done;
  }
  output.step(`${paint.dim('decided')}   ${decided}`);
  const { endOf, watchRollout } = await import('./rollout-watch.ts');
  const followed = await followThrough(event, {
    timeoutMs: options.timeout,
    clock: systemClock,
    rollout: (asked) => watchRollout(session, asked),
    traffic: (asked) => waitInTraffic(session, asked),
  });
  switch (followed.by) {
    case 'nothing':
      return exitCodes.done;
    case 'rollout': {
      const { complaint, exitCode } = endOf(followed.outcome, followed.asked);
      if (complaint !== undefined) output.complain(complaint);
      return exitCode;
    }
    case 'traffic': {
      const { result, afterRollout } = followed;
      if (afterRollout && result.status === 'failed') return toldAside(session, { outcome, laggards: result.laggards });
      return conclude(session, { outcome, result });
    }
  }
}

interface Aside {
  readonly outcome: Extract<SendOutcome, { status: 'accepted' }>;
  readonly laggards: readonly Laggard[];
}

/** Done, though some failed: they were allowed to, the rollout has judged that. */
async function toldAside({ output }: Session, { outcome, laggards }: Aside): Promise<ExitCode> {
  const { event, position, repeated, warnings } = outcome;
  for (const laggard of laggards.slice(0, laggardLinesMax)) {
    output.step(`${output.paint.yellow('aside')}     not waited for: ${laggardText(laggard)}`);
  }
  const text = doneText(event, eventText(event));
  const data = { status: 'in-traffic', position, repeated, event, warnings, held: null, laggards };
  await output.data(data, (out) => `${out.green(text.word)}${text.rest} (position ${position})`);
  return exitCodes.done;
}

interface Conclusion {
  readonly outcome: Extract<SendOutcome, { status: 'accepted' }>;
  readonly result: WaitOutcome;
}

async function conclude(session: Session, { outcome, result }: Conclusion): Promise<ExitCode> {
  const { output } = session;
  const { position } = outcome;
  switch (result.status) {
    case 'in-traffic':
      return told(session, { outcome, result });
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

interface Told extends Conclusion {
  readonly result: Extract<WaitOutcome, { status: 'in-traffic' }>;
}

/** Done; with what the group holds back though nobody waits for it. */
async function told({ output }: Session, { outcome, result }: Told): Promise<ExitCode> {
  const { position, event, repeated, warnings } = outcome;
  const { held, laggards } = result.group;
  const { paint } = output;
  const isDrained = (server: string) => event.type === 'server.draining' && server === event.data.server;
  const others = laggards.filter(({ server }) => server !== undefined && !isDrained(server));
  for (const laggard of others.slice(0, laggardLinesMax)) {
    output.step(`${paint.yellow('aside')}     not waited for: ${laggardText(laggard)}`);
  }
  if (held !== null) output.step(`${paint.red('held')}      the pool of ${result.group.group} is held ${held}`);
  const text = isAside(event, laggards)
    ? { word: 'accepted', rest: `: ${eventText(event)}` }
    : doneText(event, eventText(event));
  const data = { status: result.status, position, repeated, event, warnings, held, laggards };
  await output.data(data, (out) => `${out.green(text.word)}${text.rest} (position ${position})`);
  return exitCodes.done;
}

/** Whoever is kept out of the pool is waited for by nobody, and may not have come to it yet. */
function isAside(event: Event, laggards: readonly Laggard[]): boolean {
  if (event.type !== 'server.uncordoned' && event.type !== 'server.retried') return false;
  return laggards.some(({ server }) => server === event.data.server);
}
