/** An event from its parts. Fields that are not there are left out, so that equal events have equal bytes. */
import type { Event, EventHead } from '../../schemas/events.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import type { Fact } from './ruling.ts';

/** Every event type has its first shape yet; a type that gets a second one gets an upcaster and its own number. */
export const eventVersion = 1;
/** Of the noun and verb asked for, so much is kept in the log: twice a subject token. */
const commandCharactersMax = 128;

export function eventOf(head: Omit<EventHead, 'version'>, fact: Fact): Event {
  const { position, at, askedAt, principal, command, reason, warnings } = head;
  return {
    position,
    version: eventVersion,
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
