/**
 * All of a reign that takes commands: the desk where they are decided, the two ways that lead to it, and the first
 * outcomes of those repeated.
 *
 * The caller's duties: `acknowledged` after every record that is folded; `close` when the reign begins to end, `giveUp`
 * once nothing more will be acknowledged.
 */
import type { FleetState } from '../domain/state.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { LogWriter } from '../eventlog/log-writer.ts';
import type { Bus } from '../nats/bus.ts';
import type { StreamNames } from '../nats/stream-definitions.ts';
import type { Clock } from '../std/clock.ts';
import type { Event } from '../../schemas/events.ts';
import type { FleetId, LogId, Position, Term } from '../../schemas/ids.ts';
import type { Watermark } from '../../schemas/record.ts';
import { CommandDesk } from './command-desk.ts';
import { CommandIntake } from './command-intake.ts';
import type { Deciding } from './deciding.ts';
import { DoService } from './do-service.ts';
import { DurableEvents } from './durable-events.ts';
import type { EventTexts } from './event-texts.ts';
import { Outcomes } from './outcomes.ts';
import type { Standing } from './standing.ts';
import type { Timing } from './timing.ts';

export interface CommandsOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly names: StreamNames;
  readonly log: LogPort;
  readonly id: LogId;
  readonly term: Term;
  readonly writer: LogWriter;
  readonly deciding: Deciding;
  /** Acknowledged records only. */
  readonly state: FleetState;
  readonly cursor: () => ChainCursor;
  readonly texts: EventTexts;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: Timing;
  readonly standing: Standing;
  /** False while what arrives may have been asked long ago, and of a leader that we are no more. */
  readonly isHearing: () => boolean;
  /** Fires when the reign ends. */
  readonly signal: AbortSignal;
  /** Holds work that goes on by itself, and hears of its failure. */
  readonly track: (what: string, work: Promise<void>) => void;
}

export class Commands {
  readonly #options: CommandsOptions;
  readonly #desk: CommandDesk;
  readonly #durable: DurableEvents;
  readonly #intake: CommandIntake;
  #requests: DoService | undefined;
  /** What waits for acks. */
  #eased: (() => void)[] = [];

  constructor(options: CommandsOptions) {
    this.#options = options;
    const { bus, names, log, id, term, writer, deciding, cursor, texts, random, timing, standing, track } = options;
    this.#durable = new DurableEvents({ log, timeoutMs: timing.storeTimeoutMs });
    const outcomes = new Outcomes({ log: id, term, texts });
    const eventAt = (position: Position) => this.#eventAt(position);
    const desk = new CommandDesk({ deciding, writer, outcomes, eventAt, random, track });
    this.#desk = desk;
    const { watermark } = cursor();
    const eased = () => this.#nextAck();
    this.#intake = new CommandIntake({ bus, stream: names.commands, watermark, desk, standing, eased });
  }

  /** The last command of COMMANDS that was decided: it may be on its way into the log. */
  get taken(): Watermark {
    return this.#intake.taken;
  }

  /** Begins where the log last read COMMANDS. */
  begin(): void {
    const { bus, fleet, clock, isHearing, timing, track, signal } = this.#options;
    const desk = this.#desk;
    track('taking commands', this.#intake.run(signal));
    this.#requests = new DoService({ bus, fleet, clock, isHearing, desk, timeoutMs: timing.doTimeoutMs });
  }

  /** A record was acknowledged and folded. */
  acknowledged(): void {
    const waiting = this.#eased;
    this.#eased = [];
    for (const release of waiting) release();
  }

  /** Takes no further command; what is decided is still answered. */
  close(): void {
    this.#requests?.close();
  }

  /** Nothing more will be acknowledged. */
  giveUp(): void {
    this.#requests?.giveUp();
    this.acknowledged();
  }

  #nextAck(): Promise<void> {
    return new Promise((resolve) => this.#eased.push(resolve));
  }

  /** A durable event by its position; waits for one that is still in flight. */
  async #eventAt(position: Position): Promise<Event> {
    const { state, signal } = this.#options;
    while (state.position < position && !signal.aborted) await this.#nextAck();
    return this.#durable.at(position);
  }
}
