/**
 * Given what happened, when this is asked, then that is decided. The log is written as facts (type and data); positions
 * and times are counted here: event p stands at `epoch` + p seconds. Commands go the whole way, from a body as sent.
 */
import { expect } from 'vitest';
import type { Event, EventData, EventType } from '../../schemas/events.ts';
import type { CommandId, FleetId, GroupName, LogId, Position, Principal } from '../../schemas/ids.ts';
import type { Rejection, RejectionCode } from '../../schemas/rejection.ts';
import { parseAsked } from '../../src/domain/ask.ts';
import { type Decision, decide } from '../../src/domain/decide.ts';
import { eventOf } from '../../src/domain/event-of.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { type Proposal, isRejection, propose } from '../../src/domain/propose.ts';
import type { Fact } from '../../src/domain/ruling.ts';
import type { FleetState } from '../../src/domain/state.ts';

/** Some day in 2023: large as real times are, so that a window reaches into the past. */
export const epoch = 1_700_000_000_000;

export const founded: Fact = {
  type: 'fleet.created',
  data: {
    fleet: 'main' as FleetId,
    log: 'log-of-tests' as LogId,
    groups: ['Production', 'Development'] as GroupName[],
  },
};

/** A fact from plain strings: what tests write is what the log would hold. */
export function fact<T extends EventType>(type: T, data: Plain<EventData<T>>): Fact {
  return { type, data } as unknown as Fact;
}

/** Branded strings as they are written. */
export type Plain<T> = T extends string
  ? string
  : T extends number | boolean | undefined
    ? T
    : { [K in keyof T]: Plain<T[K]> };

export interface Asking {
  readonly principal?: string;
  readonly id?: string;
  /** Stands for the bytes: the same id with another hash is another command. */
  readonly hash?: string;
  readonly at?: number;
}

/** Folds facts onto a fresh fleet. */
export function stateOf(...facts: readonly Fact[]): FleetState {
  const state = emptyState();
  for (const happened of facts) append(state, happened);
  return state;
}

export function append(state: FleetState, happened: Fact): Event {
  const position = state.position + 1;
  const at = Math.max(state.at, epoch + position * 1000);
  const event = eventOf({ position, at, principal: 'alice' as Principal }, happened);
  evolve(state, event);
  return event;
}

/** Decides a body as sent, and folds what was decided. */
export function ask(state: FleetState, type: string, body: unknown, asking: Asking = {}): Decision {
  const position = state.position + 1;
  const { principal = 'alice', id = `id-${position}`, hash = `hash-of-${id}` } = asking;
  const at = Math.max(state.at, asking.at ?? epoch + position * 1000);
  const decision = decide(state, parseAsked(type, body), {
    at,
    position,
    principal: principal as Principal,
    command: { id: id as CommandId, hash },
  });
  if (decision.status === 'decided') evolve(state, decision.event);
  return decision;
}

/** Begins a specification on the founded fleet and what happened since. */
export function given(...facts: readonly Fact[]) {
  const state = stateOf(founded, ...facts);
  return {
    state,
    when: (type: string, body: unknown, asking: Asking = {}) => outcomeOf(state, ask(state, type, body, asking)),
    proposed: (proposal: Proposal, at = 0): Event | Rejection => {
      const event = propose(state, proposal, { at: Math.max(state.at, at), position: state.position + 1 });
      if (!isRejection(event)) evolve(state, event);
      return event;
    },
  };
}

function outcomeOf(state: FleetState, decision: Decision) {
  const event = decision.status === 'decided' ? decision.event : undefined;
  return {
    state,
    decision,
    /** It happened, with this data. */
    thenHappened<T extends EventType>(type: T, data: Plain<EventData<T>>, warnings?: readonly string[]): FleetState {
      expect(event).toMatchObject({ type, data });
      expect(event?.warnings).toEqual(warnings);
      return state;
    },
    /** It was refused, with this code; the sentence matches; this is what to do next. */
    thenRejected(code: RejectionCode, message: RegExp = /./, next?: string): Rejection {
      expect(event?.type).toBe('command.rejected');
      const rejection = event?.type === 'command.rejected' ? event.data.rejection : undefined;
      expect(rejection).toMatchObject({ code, message: expect.stringMatching(message) });
      if (next !== undefined) expect(rejection?.next).toBe(next);
      return rejection as Rejection;
    },
    thenRepeats(position: Position): void {
      expect(decision).toEqual({ status: 'repeat', position });
    },
  };
}
