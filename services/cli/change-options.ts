/** The options of every command that changes something. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from './durations.ts';

export interface ChangeOptions {
  readonly detach?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly reason?: string;
  readonly id?: string;
  readonly ifPosition?: number;
}

/** A drain of 30 s and a join, with room to spare. */
const timeoutMsDefault = 120_000;

export function addChangeOptions(command: Command): Command {
  return command
    .option('--detach', 'return as soon as the change is in the log, do not wait for traffic')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait until the change is in traffic, such as 90s or 5m')
        .argParser(duration)
        .default(timeoutMsDefault, '2m'),
    )
    .option('--reason <text>', 'why; kept in the log')
    .option('--id <id>', 'command id: the same id has one effect, however often it is sent')
    .option('--if-position <position>', 'refuse unless what changes was last changed at this position', position);
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
