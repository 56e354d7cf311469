/** What a rule says of a command: the fact it becomes, or why not. */
import type { EventData, EventType } from '../../schemas/events.ts';
import type { Rejection } from '../../schemas/rejection.ts';

/** An event without its head. */
export type Fact = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];

export type Ruling =
  | { readonly status: 'accepted'; readonly fact: Fact; readonly warnings: readonly string[] }
  | Refused;

export interface Refused {
  readonly status: 'refused';
  readonly rejection: Rejection;
}

export function accept(fact: Fact, warnings: readonly string[] = []): Ruling {
  return { status: 'accepted', fact, warnings };
}

export function refuse(rejection: Rejection): Refused {
  return { status: 'refused', rejection };
}

/** Everything asked is so already. */
export function unchanged(message: string): Refused {
  return refuse({ code: 'unchanged', message });
}

/** What was looked up, or the refusal that says it is not there. */
export type Found<T> = { readonly status: 'found'; readonly value: T } | Refused;

export function found<T>(value: T): Found<T> {
  return { status: 'found', value };
}

/** A proposal no longer fits the head of the log: whoever proposed looks again. */
export function overtaken(message: string): Rejection {
  return { code: 'overtaken', message };
}
