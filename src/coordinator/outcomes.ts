/**
 * What an asker is told, in the format they asked in. Never encoded before the append it follows from is acknowledged.
 * Hot path: one per command, so the event goes in as it is encoded already.
 */
import { encodeAs } from '../wire/body.ts';
import type { BodyFormat } from '../wire/body.ts';
import { encode } from '../wire/codec.ts';
import { appendField } from '../wire/splice.ts';
import { encodeEvent } from '../eventlog/record-codec.ts';
import type { Event } from '../../schemas/events.ts';
import type { CommandId, LogId, Position, Principal, Term } from '../../schemas/ids.ts';
import type { Outcome } from '../../schemas/outcome.ts';
import type { EventTexts } from './event-texts.ts';

/** What is needed to answer one command, kept from its arrival to its ack. */
export interface Asker {
  readonly principal: Principal;
  readonly id: CommandId;
  readonly format: BodyFormat;
  /** The command came without an id: sending it again is a second command. */
  readonly anonymous: boolean;
}

/** What became of a command. */
export interface Decided {
  readonly event: Event;
  /** `encodeEvent(event)`, where it is at hand. */
  readonly encoded?: Uint8Array;
  /** This is the first outcome again. */
  readonly repeated: boolean;
}

export class Outcomes {
  readonly #log: LogId;
  readonly #term: Term;
  readonly #texts: EventTexts;
  /** What the JSON of every acceptance begins with. */
  readonly #jsonHead: string;

  constructor({ log, term, texts }: { log: LogId; term: Term; texts: EventTexts }) {
    this.#log = log;
    this.#term = term;
    this.#texts = texts;
    this.#jsonHead = `{"log":${JSON.stringify(log)},"term":${term},"position":`;
  }

  /** An `Outcome`, encoded. */
  encode({ id, format, anonymous }: Asker, { event, encoded, repeated }: Decided): Uint8Array {
    const { position } = event;
    const safeToRepeat = !anonymous;
    if (format === 'json' && event.type !== 'command.rejected') {
      // Written out, at a third of what serializing a record costs. An id has no character that JSON would escape.
      const head = `${this.#jsonHead}${position},"id":"${id}","repeated":${repeated},"safeToRepeat":${safeToRepeat}`;
      return Buffer.from(`${head},"status":"accepted","event":${this.#texts.of(event)}}`);
    }
    const common = { log: this.#log, term: this.#term, position, id, repeated, safeToRepeat };
    if (event.type === 'command.rejected') {
      const { rejection } = event.data;
      return encodeAs(format, { ...common, status: 'rejected', rejection } satisfies Outcome);
    }
    const map = encode({ ...common, status: 'accepted' });
    return appendField({ map, field: 'event', value: encoded ?? encodeEvent(event) });
  }

  /** For a command seen before whose first outcome is damaged where it stands in the log: repeating it tells no more. */
  encodeUnreadable({ id, format }: Asker, position: Position, reason: string): Uint8Array {
    const seen = `the command "${id}" was decided before, at position ${position}, and its outcome cannot be told again`;
    const message = `${seen}: ${reason}; see what is damaged: muster audit verify`;
    return encodeAs(format, { status: 'unknown', message, safeToRepeat: false } satisfies Outcome);
  }
}
