/**
 * Where commands are decided, whichever way they came: through the stream COMMANDS (`command-intake.ts`) or as a request
 * on `do` (`do-service.ts`). Promises: whatever a command holds becomes one event, or none when it repeats a command
 * seen before; it is answered once, after the append it follows from is acknowledged, or not at all.
 * Duty of the caller: no more commands while `isFull`.
 */
import type { Event } from '../../schemas/events.ts';
import { CommandId, Principal } from '../../schemas/ids.ts';
import type { Position } from '../../schemas/ids.ts';
import type { Watermark } from '../../schemas/record.ts';
import { parseAsked } from '../domain/ask.ts';
import type { Asked } from '../domain/decide.ts';
import type { LogWriter } from '../eventlog/log-writer.ts';
import { cutText } from '../std/cut-text.ts';
import { Failure } from '../std/failure.ts';
import { newToken } from '../std/token.ts';
import type { BodyFormat } from '../wire/body.ts';
import { decodeBody } from '../wire/body.ts';
import { commandAddress } from './command-address.ts';
import type { Deciding } from './deciding.ts';
import type { Asker, Outcomes } from './outcomes.ts';
import { undurableMax } from './timing.ts';

export interface CommandDeskOptions {
  readonly deciding: Deciding;
  readonly writer: LogWriter;
  readonly outcomes: Outcomes;
  /** The event at a position once it is durable: the first outcome of a repeated command. */
  readonly eventAt: (position: Position) => Promise<Event>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Holds work that goes on by itself, and hears of its failure. */
  readonly track: (what: string, work: Promise<void>) => void;
}

/** A command as it arrived. */
export interface Arrived {
  /** `muster.<fleet>.cmd.<principal>.<noun>.<verb>`, also of a request on `do`: one command has one hash. */
  readonly subject: string;
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  /** `commandHash` of subject and data. */
  readonly hash: string;
  /** When JetStream stored it, if it did. */
  readonly askedAt: number | undefined;
  /** Where COMMANDS has been read with it, if it came that way. */
  readonly watermark: Watermark | undefined;
  /** Called with the encoded outcome. Must not throw. */
  readonly answer: (outcome: Uint8Array, asker: Asker) => void;
}

/** Half a SHA-256 tells a repeat from a reuse of an id. */
const repeatHashLength = 32;

export class CommandDesk {
  readonly #options: CommandDeskOptions;

  constructor(options: CommandDeskOptions) {
    this.#options = options;
  }

  /** As many decided events wait for their ack as may. */
  get isFull(): boolean {
    return this.#options.writer.backlog >= undurableMax;
  }

  take(arrived: Arrived): void {
    const { deciding, writer, outcomes, random, track } = this.#options;
    const { askedAt, watermark, answer } = arrived;
    const { asked, principal, format } = readCommand(arrived);
    const anonymous = asked.envelope.id === undefined;
    const id = asked.envelope.id ?? freshId(random);
    const asker: Asker = { principal, id, format, anonymous };
    const command = { id, hash: arrived.hash.slice(0, repeatHashLength) };
    const decision = deciding.decide(asked, { principal, command, askedAt });
    if (decision.status === 'repeat') {
      if (watermark !== undefined) writer.touchWatermark(watermark);
      track('answering a repeated command', this.#repeat({ asker, position: decision.position, answer }));
      return;
    }
    deciding.commit({
      event: decision.event,
      watermark,
      onDurable: ({ event, encoded }) => answer(outcomes.encode(asker, { event, encoded, repeated: false }), asker),
    });
  }

  async #repeat({ asker, position, answer }: Repeat): Promise<void> {
    const { outcomes, eventAt } = this.#options;
    let event: Event;
    try {
      event = await eventAt(position);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'malformed') throw error;
      // What happened is folded; that it cannot be told again is no reason to lead no more.
      return answer(outcomes.encodeUnreadable(asker, position, error.message), asker);
    }
    // The first outcome may have been decided and never landed: what stands in its place is somebody else's.
    if (event.command?.id !== asker.id || event.principal !== asker.principal) throw overtaken(position);
    answer(outcomes.encode(asker, { event, repeated: true }), asker);
  }
}

interface Repeat extends Pick<Arrived, 'answer'> {
  readonly asker: Asker;
  readonly position: Position;
}

/** What is asked, whatever it is: a body that is no command comes back as its refusal. */
function readCommand(arrived: Arrived): { asked: Asked; principal: Principal; format: BodyFormat } {
  const address = commandAddress(arrived.subject);
  if (address.status === 'unaddressed') {
    const refusal = `the subject ${cutText(arrived.subject, 256)} names no principal, noun and verb`;
    return { asked: malformed('unknown', refusal), principal: nobody, format: 'json' };
  }
  const { principal, type } = address;
  const body = decodeBody(arrived.data, arrived.contentType);
  if (body.status === 'malformed') return { asked: malformed(type, body.message), principal, format: 'json' };
  return { asked: parseAsked(type, body.value), principal, format: body.format };
}

function overtaken(position: Position): Failure {
  const message = `position ${position} of the log is not what was decided here: another leader has taken over`;
  return new Failure({ code: 'not-leader', retryable: true, message });
}

/** Stands for whoever wrote to a subject that names no principal. */
const nobody = Principal.parse('unknown');

function malformed(type: string, message: string): Asked {
  const next = 'send one map, in JSON or MessagePack, of at most 256 KiB';
  return { kind: 'refused', type, envelope: {}, rejection: { code: 'malformed', message, next } };
}

/** For a command that came without an id: never the same twice. */
function freshId(random: () => number): CommandId {
  return CommandId.parse(`anon-${newToken(random)}${newToken(random)}`);
}
