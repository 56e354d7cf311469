/**
 * What a power cut took back where NATS does not sync what it acknowledges, and whether those who knew of it say so. Who
 * led or followed the log past its new end must end, with a name for it; so must who finds commands gone that the log
 * consumed. What nobody alive and no disk remembers, nobody can miss.
 */
import { commandHash } from '../../../src/coordinator/command-address.ts';
import { recordHash } from '../../../src/eventlog/record-codec.ts';
import type { CoordinatorSeat } from '../cast/coordinator-seat.ts';
import type { SimStream } from '../nats/stream.ts';
import type { SimProcess } from '../world/process.ts';
import type { Truth } from './truth.ts';

export interface LossOptions {
  readonly log: () => SimStream | undefined;
  readonly commands: () => SimStream | undefined;
  readonly truth: Truth;
  readonly coordinators: () => readonly CoordinatorSeat[];
}

/** One life of a coordinator that knew more than there is now. */
interface Witness {
  readonly seat: CoordinatorSeat;
  readonly process: SimProcess;
}

export class Loss {
  /** Of the log, that were acknowledged or read. */
  records = 0;
  readonly #options: LossOptions;
  readonly #witnesses: Witness[] = [];
  #areCommandsLost = false;

  constructor(options: LossOptions) {
    this.#options = options;
  }

  /** Whether what is told may be about records or commands that are no more. */
  get isAny(): boolean {
    return this.records > 0 || this.#areCommandsLost;
  }

  /** Whether somebody has to say so. Commands that nobody had consumed yet are their askers' to repeat. */
  get isMissing(): boolean {
    return this.records > 0 || this.#lacksCommands();
  }

  commandsTakenBack(): void {
    this.#areCommandsLost = true;
  }

  /** The log is shorter than it was. */
  recordsTakenBack(): void {
    const { log, truth } = this.#options;
    const left = log()?.lastSequence ?? 0;
    this.records += Math.max(0, truth.cursor.sequence - left);
    for (const seat of this.#options.coordinators()) {
      const { process } = seat;
      if (process !== undefined && process.knownLogSequence > left) this.#witnesses.push({ seat, process });
    }
  }

  /** Who should have said that something is missing, and has not; undefined: everybody has. */
  unnamed(): string | undefined {
    if (this.records === 0) {
      const going = this.#options.coordinators().find(({ verdict }) => verdict === undefined);
      return going === undefined ? undefined : `the log consumed commands that are no more, and ${going.name} goes on`;
    }
    for (const { seat, process } of this.#witnesses) {
      if (seat.process === process) return `${process.name} knew of more records than there are, and goes on`;
    }
    const going = this.#options.coordinators().find((seat) => seat.process !== undefined && this.#isBehindMark(seat));
    return going === undefined ? undefined : `${going.name} kept a mark of a record that is no more, and goes on`;
  }

  #isBehindMark({ disk: { mark } }: CoordinatorSeat): boolean {
    if (mark === undefined) return false;
    const kept = this.#options.log()?.history[mark.sequence - 1];
    return kept === undefined || Buffer.from(recordHash(kept.data)).toString('hex') !== mark.hash;
  }

  /** As long as the log is whole: else its watermark went back too. */
  #lacksCommands(): boolean {
    const { commands, truth } = this.#options;
    const stream = commands();
    const { sequence, hash } = truth.cursor.watermark;
    if (stream === undefined || sequence === 0) return false;
    const consumed = stream.history[sequence - 1];
    return consumed === undefined || commandHash(consumed.subject, consumed.data) !== hash;
  }
}
