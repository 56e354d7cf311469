/**
 * HAProxy's line protocol over its unix sockets (management guide 2.6, section 9.3): one line of commands joined by
 * `;`, answers one after the other, then the end of the stream. Answers are not framed in a way that tells which
 * command each belongs to, so whoever changes something reads back; texts are for people.
 */
import { connect } from 'node:net';
import type { Clock } from '../../std/clock.ts';
import { Failure } from '../../std/failure.ts';

export interface AskOptions {
  readonly socketPath: string;
  readonly commands: readonly string[];
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/** A local socket answers in a millisecond; a thousand servers to list, or a machine that pages, take longer. */
const askTimeoutMs = 5_000;
/** One line must fit HAProxy's `tune.bufsize`, 16,384 bytes by default, with room for what it reserves of it. */
const lineBytesMax = 8_192;
/** The listing of a few thousand servers; past it the answer is not ours. */
const answerBytesMax = 32 * 1024 * 1024;

/** Sends the commands in order, in as few lines as they fit in, and returns all that was answered. */
export async function ask(options: AskOptions): Promise<string> {
  const answers: string[] = [];
  for (const line of linesOf(options.commands)) answers.push(await askLine(options, line));
  return answers.join('\n');
}

/** Joins commands by `;` into lines of a bounded length. Exported for its test. */
export function linesOf(commands: readonly string[], bytesMax: number = lineBytesMax): string[] {
  const lines: string[] = [];
  let line = '';
  for (const command of commands) {
    if (line !== '' && line.length + command.length + 1 > bytesMax) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? command : `${line};${command}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}

function askLine({ socketPath, clock, timeoutMs = askTimeoutMs }: AskOptions, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (failure: Failure) => {
      timer.cancel();
      socket.destroy();
      reject(failure);
    };
    const timer = clock.after(timeoutMs, () =>
      fail(new Failure({ code: 'timeout', retryable: true, message: `HAProxy gave no answer within ${timeoutMs} ms` })),
    );
    // The master's socket stays open after an answer unless it is told to quit; the worker's takes it as well.
    socket.on('connect', () => socket.write(`${line};quit\n`));
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > answerBytesMax) {
        fail(new Failure({ code: 'overloaded', retryable: false, message: 'HAProxy answered more than is believed' }));
      }
    });
    socket.on('error', (error) => {
      fail(Failure.from(error, { code: 'unavailable', retryable: true, message: `HAProxy's socket ${socketPath}` }));
    });
    socket.on('end', () => {
      timer.cancel();
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}
