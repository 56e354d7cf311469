/**
 * Reads COMMANDS in order from the watermark and has each message decided, exactly once: every message moves the
 * watermark. Nothing in a message can stop the loop. The outcome goes to the inbox of the command's principal.
 */
import type { Watermark } from '../../schemas/record.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus, StoredMessage } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import { commandHash } from './command-address.ts';
import type { CommandDesk } from './command-desk.ts';
import type { Asker } from './outcomes.ts';

export interface CommandIntakeOptions {
  readonly bus: Bus;
  readonly stream: string;
  readonly watermark: Watermark;
  readonly desk: CommandDesk;
  /** Resolves when fewer decided events are waiting for their ack. */
  readonly eased: () => Promise<void>;
}

/** Runs until the signal fires. */
export async function takeCommands(options: CommandIntakeOptions, signal: AbortSignal): Promise<void> {
  const { bus, stream, watermark, desk, eased } = options;
  const fromSequence = watermark.sequence + 1;
  const answer = (outcome: Uint8Array, asker: Asker) => tell(bus, outcome, asker);
  for await (const message of bus.read({ stream, fromSequence, signal })) {
    while (desk.isFull && !signal.aborted) await eased();
    if (signal.aborted) return;
    takeCommand(desk, { message, stream: watermark.stream, answer });
  }
}

interface Taking {
  readonly message: StoredMessage;
  readonly stream: string;
  readonly answer: (outcome: Uint8Array, asker: Asker) => void;
}

function takeCommand(desk: CommandDesk, { message, stream, answer }: Taking): void {
  const { subject, data, contentType, sequence, storedAt: askedAt } = message;
  const hash = commandHash(subject, data);
  desk.take({ subject, data, contentType, hash, askedAt, watermark: { stream, sequence, hash }, answer });
}

/** Whoever named no id has no inbox to be told in. */
function tell(bus: Bus, data: Uint8Array, { principal, id, anonymous }: Asker): void {
  if (anonymous) return;
  try {
    bus.publish({ subject: subjects.outcome(principal, id), data });
  } catch (error) {
    // Disconnected since the ack: the asker repeats, and is told then.
    if (!(error instanceof Failure)) throw error;
  }
}
