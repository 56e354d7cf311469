/** What a command prints: data on standard output in the format asked for, everything else on standard error. */
import { Failure, textOf } from '../../src/std/failure.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type Paint, createPaint, wantsColour } from './paint.ts';
import type { GlobalOptions } from './target.ts';

/** What went wrong, for people and for `-o json` alike. */
export interface Complaint {
  readonly code: string;
  /** What, and why. */
  readonly message: string;
  /** The command to type next, or what to change. */
  readonly next?: string | undefined;
}

export interface Output {
  readonly paint: Paint;
  /** `data` is for programs, `people` renders it for a terminal. */
  data(data: unknown, people: (paint: Paint) => string): Promise<void>;
  /** One line about what happened, on standard error. */
  step(line: string): void;
  complain(complaint: Complaint): void;
}

export function createOutput({ output, color }: Pick<GlobalOptions, 'output' | 'color'>): Output {
  const out = createPaint(color && wantsColour(process.stdout, process.env));
  const error = createPaint(color && wantsColour(process.stderr, process.env));
  const say = (line: string) => process.stderr.write(`${line}\n`);
  return {
    paint: error,
    async data(data, people) {
      process.stdout.write(`${await rendered(output, data, () => people(out))}\n`);
    },
    step: say,
    complain(complaint) {
      if (output === 'json') return void say(JSON.stringify({ error: complaint }));
      say(`${error.red('error:')} ${complaint.message}`);
      if (complaint.next !== undefined) say(`${error.dim('next:')}  ${complaint.next}`);
    },
  };
}

async function rendered(format: GlobalOptions['output'], data: unknown, people: () => string): Promise<string> {
  switch (format) {
    case 'json':
      return JSON.stringify(data, undefined, 2);
    case 'yaml':
      return (await import('yaml')).stringify(data).trimEnd();
    default:
      return people();
  }
}

export function complaintOfRejection({ code, message, next }: Rejection): Complaint {
  return { code, message, ...(next === undefined ? {} : { next }) };
}

/** What to say of anything thrown, and the exit code it earns. A bug keeps its stack. */
export function complaintOfThrown(caught: unknown, natsUrl: string): { complaint: Complaint; exitCode: ExitCode } {
  if (!(caught instanceof Failure)) {
    const message = caught instanceof Error ? (caught.stack ?? caught.message) : textOf(caught);
    return { complaint: { code: 'bug', message }, exitCode: exitCodes.failed };
  }
  const { code, message } = caught;
  switch (code) {
    case 'disconnected':
    case 'no-responders':
    case 'timeout':
    case 'unavailable':
    case 'closed':
      return { complaint: { code, message, next: nextByUnreachable(code, natsUrl) }, exitCode: exitCodes.unreachable };
    case 'log-regressed':
      return { complaint: { code, message, next: 'muster coordinator recover' }, exitCode: exitCodes.failed };
    case 'not-permitted':
      return { complaint: { code, message, next: nextByRights }, exitCode: exitCodes.rejected };
    case 'config-invalid':
    case 'bundle-invalid':
      return { complaint: { code, message }, exitCode: exitCodes.usage };
    default:
      return { complaint: { code, message }, exitCode: exitCodes.failed };
  }
}

const nextByRights =
  'NATS does not let this user do that: see who you are by NATS_USER and --as, and what he may by muster nats accounts';

function nextByUnreachable(code: string, natsUrl: string): string {
  if (code === 'no-responders') return `start a coordinator on ${natsUrl}: muster coordinator run --nats ${natsUrl}`;
  if (code === 'timeout') return 'look whether a coordinator runs: muster group list';
  if (code === 'unavailable') return `a cluster that has just started needs some seconds: again, or see NATS's own log`;
  return `start one on this machine: muster up, or name the server: --nats URL (asked: ${natsUrl})`;
}
