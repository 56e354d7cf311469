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
import type { Standing } from './standing.ts';

export interface CommandIntakeOptions {
  readonly bus: Bus;
  readonly stream: string;
  /** Where the log last read it. */
  readonly watermark: Watermark;
  readonly desk: CommandDesk;
  readonly standing: Standing;
  /** Resolves when fewer decided events are waiting for their ack. */
  readonly eased: () => Promise<void>;
}

export class CommandIntake {
  readonly #options: CommandIntakeOptions;
  #taken: Watermark;

  constructor(options: CommandIntakeOptions) {
    this.#options = options;
    this.#taken = options.watermark;
  }

  /** The last command taken: it may be on its way into the log. */
  get taken(): Watermark {
    return this.#taken;
  }

  /** Runs until the signal fires. What was read and not taken before NATS was away is read again: it may be there no more. */
  async run(signal: AbortSignal): Promise<void> {
    const { standing } = this.#options;
    while (!signal.aborted) {
      await standing.certain(signal);
      await this.#read(AbortSignal.any([standing.doubted, signal]));
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { bus, stream, desk, eased } = this.#options;
    const fromSequence = this.#taken.sequence + 1;
    for await (const message of bus.read({ stream, fromSequence, signal })) {
      while (desk.isFull && !signal.aborted) await eased();
      if (signal.aborted) return;
      this.#take(message);
    }
  }

  #take({ subject, data, contentType, sequence, storedAt: askedAt }: StoredMessage): void {
    const { bus, desk } = this.#options;
    const hash = commandHash(subject, data);
    const watermark = { stream: this.#taken.stream, sequence, hash };
    const answer = (outcome: Uint8Array, asker: Asker) => tell(bus, outcome, asker);
    this.#taken = watermark;
    desk.take({ subject, data, contentType, hash, askedAt, watermark, answer });
  }
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
