/** An event from its parts. Fields that are not there are left out, so that equal events have equal bytes. */
import type { Event, EventHead } from '../../schemas/events.ts';
import { eventVersion } from '../../schemas/upcast.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { cutText } from '../std/cut-text.ts';
import type { Fact } from './ruling.ts';

/** Of the noun and verb asked for, so much is kept in the log: twice a subject token. */
const commandCharactersMax = 128;

export function eventOf(head: Omit<EventHead, 'version'>, fact: Fact): Event {
  const { position, at, askedAt, principal, command, reason, warnings } = head;
  // Field by field: once a command, and spreading each of them in costs five times as much.
  const event: { -readonly [field in keyof EventHead | 'type' | 'data']?: unknown } = {
    position,
    version: eventVersion(fact.type),
    at,
  };
  if (askedAt !== undefined) event.askedAt = askedAt;
  event.principal = principal;
  if (command !== undefined) event.command = { id: command.id, hash: command.hash };
  if (reason !== undefined) event.reason = reason;
  if (warnings !== undefined && warnings.length > 0) event.warnings = warnings;
  event.type = fact.type;
  event.data = fact.data;
  return event as Event;
}

/** A refusal is a fact too: that it was asked, and why not. */
export function rejectedFact(command: string, rejection: Rejection): Fact {
  return { type: 'command.rejected', data: { command: cutText(command, commandCharactersMax), rejection } };
}
