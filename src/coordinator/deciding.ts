/**
 * The head of the log: the state that decisions are made on, which includes what is not yet durable. Everything a
 * leader decides passes here, in one order: event, encoding, head, writer. When leadership ends it is thrown away.
 */
import type { Event } from '../../schemas/events.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { eventBytesMax } from '../../schemas/record.ts';
import type { Watermark } from '../../schemas/record.ts';
import type { Asked, Decision, DecideContext, Proposal } from '../domain/decide.ts';
import { decide, propose, tooLarge } from '../domain/decide.ts';
import { evolve } from '../domain/evolve.ts';
import type { FleetState } from '../domain/state.ts';
import type { LogEntry } from '../eventlog/entry-queue.ts';
import type { LogWriter } from '../eventlog/log-writer.ts';
import { encodeEvent } from '../eventlog/record-codec.ts';
import type { Clock } from '../std/clock.ts';

export interface Commit {
  readonly event: Event;
  readonly watermark?: Watermark | undefined;
  readonly onDurable?: LogEntry['onDurable'];
}

export class Deciding {
  /** Ours alone; includes events still in flight. */
  readonly head: FleetState;
  readonly #writer: LogWriter;
  readonly #clock: Clock;

  constructor(options: { head: FleetState; writer: LogWriter; clock: Clock }) {
    this.head = options.head;
    this.#writer = options.writer;
    this.#clock = options.clock;
  }

  /** Decides a command at the head. Nothing is stored yet: `commit` what was decided before deciding again. */
  decide(asked: Asked, context: Pick<DecideContext, 'principal' | 'command' | 'askedAt'>): Decision {
    const { principal, command, askedAt } = context;
    const at = this.#at(askedAt);
    return decide(this.head, asked, { principal, command, askedAt, at, position: this.head.position + 1 });
  }

  /** Decides what the leader itself proposes, and commits it. A rejection means that the head has moved past it. */
  propose(proposal: Proposal, onDurable?: () => void): Event | Rejection {
    const decided = propose(this.head, proposal, { at: this.#at(), position: this.head.position + 1 });
    if ('code' in decided) return decided;
    return this.commit({ event: decided, onDurable });
  }

  /** Puts a decided event on the head and into the next record; returns it, or the `too-large` that took its place. */
  commit({ event, watermark, onDurable }: Commit): Event {
    let decided = event;
    let encoded = encodeEvent(decided);
    if (encoded.length > eventBytesMax) {
      decided = tooLarge(event, encoded.length);
      encoded = encodeEvent(decided);
    }
    evolve(this.head, decided);
    this.#writer.add({ event: decided, encoded, watermark, onDurable });
    return decided;
  }

  /** Never before the last event's, nor before the command was asked. */
  #at(askedAt = 0): number {
    return Math.max(this.head.at, askedAt, this.#clock.now());
  }
}
