/** The options of every command that changes something. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { durationText, parseDuration } from '../../src/std/durations.ts';

export interface ChangeOptions {
  readonly detach?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly reason?: string;
  readonly id?: string;
  readonly ifPosition?: number;
  /** Show what would follow, and send nothing. */
  readonly whatIf?: boolean;
}

/** A drain of 30 s and a join, with room to spare. */
const timeoutMsDefault = 120_000;
/** Server after server, each watched: a stuck rollout is ended by its own progress deadline long before. */
const rolloutTimeoutMs = 3_600_000;

export function addChangeOptions(command: Command): Command {
  return addWaitOptions(command)
    .option('--what-if', 'show what would follow, and send nothing')
    .option('--id <id>', 'command id: the same id has one effect, however often it is sent')
    .option('--if-position <position>', 'refuse unless what changes was last changed at this position', position);
}

/** Those of a change that sends commands of its own making. */
export function addWaitOptions(command: Command): Command {
  return addTimeout(command, timeoutMsDefault)
    .option('--detach', 'return as soon as the change is in the log, do not wait for traffic')
    .option('--reason <text>', 'why; kept in the log');
}

/** For commands that follow a rollout: takes the place of the shorter wait. */
export function addRolloutTimeout(command: Command): Command {
  const timeout = command.options.find(({ long }) => long === '--timeout');
  if (timeout === undefined) return addTimeout(command, rolloutTimeoutMs);
  timeout.default(rolloutTimeoutMs, durationText(rolloutTimeoutMs));
  command.setOptionValueWithSource('timeout', rolloutTimeoutMs, 'default');
  return command;
}

function addTimeout(command: Command, timeoutMs: number): Command {
  return command.addOption(
    new Option('--timeout <duration>', 'how long to wait until the change is in traffic, such as 90s or 5m')
      .argParser(duration)
      .default(timeoutMs, durationText(timeoutMs)),
  );
}

export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Write a duration such as 90s, 5m or 500ms.');
  return ms;
}

export function position(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Write a whole number from 0.');
  return value;
}
