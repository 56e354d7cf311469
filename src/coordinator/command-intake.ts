/**
 * Reads COMMANDS in order from the watermark and decides each message, exactly once: every message moves the
 * watermark, and yields one event, or none when it repeats a command seen before. Whatever a message holds, the
 * outcome is an event; nothing in it can stop the loop.
 */
import { createHash } from 'node:crypto';
import type { Event } from '../../schemas/events.ts';
import { CommandId, Principal } from '../../schemas/ids.ts';
import type { Position } from '../../schemas/ids.ts';
import type { Watermark } from '../../schemas/record.ts';
import { parseCommandSubject } from '../../schemas/subjects.ts';
import { parseAsked } from '../domain/ask.ts';
import type { Asked } from '../domain/decide.ts';
import type { LogWriter } from '../eventlog/log-writer.ts';
import type { Bus, StoredMessage } from '../nats/bus.ts';
import { newToken } from '../std/token.ts';
import type { BodyFormat } from '../wire/body.ts';
import { decodeBody } from '../wire/body.ts';
import type { Deciding } from './deciding.ts';
import type { Asker, Outcomes } from './outcomes.ts';
import { undurableMax } from './timing.ts';

export interface CommandIntakeOptions {
  readonly bus: Bus;
  readonly stream: string;
  readonly watermark: Watermark;
  readonly deciding: Deciding;
  readonly writer: LogWriter;
  readonly outcomes: Outcomes;
  /** The event at a position once it is durable: the first outcome of a repeated command. */
  readonly eventAt: (position: Position) => Promise<Event>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Resolves when fewer decided events are waiting for their ack. */
  readonly eased: () => Promise<void>;
  /** Holds work that goes on beside the loop, and hears of its failure. */
  readonly track: (what: string, work: Promise<void>) => void;
}

/** Runs until the signal fires. */
export async function takeCommands(options: CommandIntakeOptions, signal: AbortSignal): Promise<void> {
  const { bus, stream, watermark, writer, eased } = options;
  const fromSequence = watermark.sequence + 1;
  for await (const message of bus.read({ stream, fromSequence, signal })) {
    while (writer.backlog >= undurableMax && !signal.aborted) await eased();
    if (signal.aborted) return;
    takeCommand(options, message);
  }
}

/** SHA-256 of a command's subject and bytes, hex: what the watermark and the repeat window know it by. */
export function commandHash(subject: string, data: Uint8Array): string {
  return createHash('sha256').update(subject).update('\0').update(data).digest('hex');
}

/** Half a SHA-256 tells a repeat from a reuse of an id. */
const repeatHashLength = 32;

function takeCommand(options: CommandIntakeOptions, message: StoredMessage): void {
  const { deciding, writer, outcomes } = options;
  const hash = commandHash(message.subject, message.data);
  const watermark = { stream: options.watermark.stream, sequence: message.sequence, hash };
  const { asked, principal, format } = readCommand(message);
  const id = asked.envelope.id ?? freshId(options.random);
  const anonymous = asked.envelope.id === undefined;
  const asker: Asker = { principal, id, format, anonymous, sequence: message.sequence };
  const command = { id, hash: hash.slice(0, repeatHashLength) };
  const decision = deciding.decide(asked, { principal, command, askedAt: message.storedAt });
  if (decision.status === 'repeat') {
    writer.touchWatermark(watermark);
    const repeat = async () => outcomes.tell(asker, await options.eventAt(decision.position), true);
    options.track('answering a repeated command', repeat());
    return;
  }
  const committed = deciding.commit({
    event: decision.event,
    watermark,
    onDurable: () => outcomes.tell(asker, committed, false),
  });
}

/** What the message asks, whatever it is: a body that is no command comes back as its refusal. */
function readCommand(message: StoredMessage): { asked: Asked; principal: Principal; format: BodyFormat } {
  const addressed = parseCommandSubject(message.subject);
  const principal = Principal.safeParse(addressed?.principal);
  if (addressed === undefined || !principal.success) {
    const refusal = `the subject ${message.subject.slice(0, 256)} names no principal, noun and verb`;
    return { asked: malformed('unknown', refusal), principal: nobody, format: 'json' };
  }
  const body = decodeBody(message.data, message.contentType);
  if (body.status === 'malformed') {
    return { asked: malformed(addressed.type, body.message), principal: principal.data, format: 'json' };
  }
  return { asked: parseAsked(addressed.type, body.value), principal: principal.data, format: body.format };
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
