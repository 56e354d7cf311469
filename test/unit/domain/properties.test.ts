import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../schemas/events.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { cloneState, emptyState } from '../../../src/domain/fleet-state.ts';
import { floorOf } from '../../../src/domain/floor.ts';
import { isInPool } from '../../../src/domain/membership.ts';
import { isRejection, propose } from '../../../src/domain/propose.ts';
import { repeatWindowMs } from '../../../src/domain/repeats.ts';
import { ask } from '../../support/decider-spec.ts';
import { brokenBy, brokenIn } from '../../support/fleet-invariants.ts';
import { begin, proposalFor, rolloutSteps, run, steps, take } from '../../support/fleet-walk.ts';

function isReuse(event: Event): boolean {
  return event.type === 'command.rejected' && event.data.rejection.code === 'id-reused';
}

const always = (property: fc.IRawProperty<unknown>) => fc.assert(property, { numRuns: 150 });

describe('whatever is asked, in whatever order', () => {
  it('a server is in no group or in exactly one, what is kept beside it is exact, nothing points at what is gone', () => {
    always(fc.property(steps, (taken) => void run(taken, ({ state }) => expect(brokenIn(state)).toEqual([]))));
  });

  it('nobody enters a pool unproved or cordoned, no absence empties one, and marks move with what they mark', () => {
    always(
      fc.property(steps, (taken) => {
        let before = begin().state;
        run(taken, ({ state, events }) => {
          const event = events.at(-1);
          if (event !== undefined && event.position > before.position) {
            expect(brokenBy(event, before, state)).toEqual([]);
          }
          before = cloneState(state);
        });
      }),
    );
  });

  it('all of that holds in the thick of a rollout too', () => {
    always(
      fc.property(rolloutSteps, (taken) => {
        let before = begin().state;
        run(taken, ({ state, events }) => {
          const event = events.at(-1);
          if (event !== undefined && event.position > before.position) {
            expect([...brokenIn(state), ...brokenBy(event, before, state)]).toEqual([]);
          }
          before = cloneState(state);
        });
      }),
    );
  });

  it('absences of everyone at once leave every pool its floor', () => {
    always(
      fc.property(steps, (taken) => {
        const { state } = run(taken);
        const floors = [...state.groupById.values()].map(({ id, policy, servingCount }) => ({
          id,
          floor: Math.min(servingCount, floorOf(servingCount, policy.floorPercent)),
        }));
        for (const known of [...state.serverById.values()]) {
          const proposal = proposalFor(state, known, 'is lost');
          if (proposal === undefined) continue;
          const event = propose(state, proposal, { at: state.at, position: state.position + 1 });
          if (!isRejection(event)) evolve(state, event);
        }
        for (const { id, floor } of floors) {
          const kept = [...state.serverById.values()].filter(
            ({ member }) => member?.group === id && isInPool(member) && member.drain === null,
          );
          expect(kept.length).toBeGreaterThanOrEqual(floor);
        }
      }),
    );
  });

  it('positions are dense and time never goes back', () => {
    always(
      fc.property(steps, (taken) => {
        const { events } = run(taken);
        expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
        for (const [index, { at }] of events.entries()) expect(at).toBeGreaterThanOrEqual(events[index - 1]?.at ?? 0);
      }),
    );
  });

  it('replay equals live, and deciding again gives the same log', () => {
    always(
      fc.property(fc.oneof(steps, rolloutSteps), (taken) => {
        const live = run(taken);
        const replayed = emptyState();
        for (const event of structuredClone(live.events)) evolve(replayed, event);
        expect(replayed).toEqual(live.state);
        expect(run(taken).events).toEqual(live.events);
      }),
    );
  });

  it('a repeated command is harmless', () => {
    always(
      fc.property(steps, (taken) => {
        const live = run(taken);
        const before = structuredClone(live.state);
        for (const event of live.events) {
          if (event.command === undefined || event.at <= live.state.at - repeatWindowMs || isReuse(event)) continue;
          const { principal, command, position } = event;
          const seen = ask(live.state, 'group.create', { group: 'edge' }, { principal, ...command });
          expect(seen).toEqual({ status: 'repeat', position });
        }
        expect(live.state).toEqual(before);
      }),
    );
  });

  it('a copy and its original do not notice each other', () => {
    always(
      fc.property(fc.oneof(steps, rolloutSteps), steps, (first, second) => {
        const live = run(first);
        const copy = { state: cloneState(live.state), events: [...live.events] };
        const frozen = structuredClone(live.state);
        for (const step of second) take(live, step);
        expect(copy.state).toEqual(frozen);
        for (const step of second) take(copy, step);
        expect(copy.state).toEqual(live.state);
      }),
    );
  });
});
