/** An event from its parts. Fields that are not there are left out, so that equal events have equal bytes. */
import type { Event, EventHead } from '../../schemas/events.ts';
import { eventVersion } from '../../schemas/upcast.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import type { Fact } from './ruling.ts';

/** Of the noun and verb asked for, so much is kept in the log: twice a subject token. */
const commandCharactersMax = 128;

export function eventOf(head: Omit<EventHead, 'version'>, fact: Fact): Event {
  const { position, at, askedAt, principal, command, reason, warnings } = head;
  return {
    position,
    version: eventVersion(fact.type),
    at,
    ...(askedAt === undefined ? {} : { askedAt }),
    principal,
    ...(command === undefined ? {} : { command: { id: command.id, hash: command.hash } }),
    ...(reason === undefined ? {} : { reason }),
    ...(warnings === undefined || warnings.length === 0 ? {} : { warnings }),
    type: fact.type,
    data: fact.data,
  } as Event;
}

/** A refusal is a fact too: that it was asked, and why not. */
export function rejectedFact(command: string, rejection: Rejection): Fact {
  return { type: 'command.rejected', data: { command: command.slice(0, commandCharactersMax), rejection } };
}
