import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../schemas/events.ts';
import type { GroupId, ServerId } from '../../../schemas/ids.ts';
import { affects } from '../../../src/domain/affects.ts';
import { cloneState } from '../../../src/domain/fleet-state.ts';
import type { FleetState } from '../../../src/domain/state.ts';
import { desiredFor } from '../../../src/projections/desired.ts';
import { emptyObserved, type Observed } from '../../../src/projections/observed.ts';
import { advance } from '../../../src/server-machine/advance.ts';
import { concernedMembers } from '../../../src/server-machine/concerned.ts';
import { factsOf } from '../../../src/server-machine/server-facts.ts';
import { begin, rolloutSteps, run, type Step, steps } from '../../support/fleet-walk.ts';

/** Every server has proved what it should hold by that state, and beats. */
function observedIn(state: FleetState): Observed {
  const observed = emptyObserved();
  for (const id of state.serverById.keys()) {
    const desired = desiredFor(state, id);
    const { log, term } = state;
    if (desired === null || log === null) continue;
    const receipt = { log, term, ...desired, server: id, instance: 'i', failures: [] };
    const reading = { idleReadings: 3, unwellReadings: 0, beat: null, seenAt: state.at };
    observed.serverById.set(id, { ...reading, receipt, receiptAt: state.at });
  }
  return observed;
}

function stepsOf(state: FleetState, id: ServerId, { observed, now }: { observed: Observed; now: number }) {
  return advance(undefined, factsOf(id, { state, observed, now, reignBeganAt: now })).steps;
}

/** Members that are told something else by the event, though nobody would look at them. */
function passedOver(event: Event, before: FleetState, after: FleetState): ServerId[] {
  const seen = { observed: observedIn(before), now: after.at };
  const touched = new Set<unknown>();
  const missed: ServerId[] = [];
  for (const { kind, id } of affects(event, after)) {
    if (kind === 'server') touched.add(id);
    if (kind === 'group') for (const member of concernedMembers(after, id as GroupId, event)) touched.add(member);
  }
  for (const id of after.serverById.keys()) {
    if (touched.has(id)) continue;
    const [was, is] = [before, after].map((state) => JSON.stringify(stepsOf(state, id, seen)));
    if (was !== is) missed.push(id);
  }
  return missed;
}

const isAboutGroups = ({ type }: Event) => /^(deployment|release|rollout|group\.configured)/.test(type);

function nobodyIsPassedOver(walks: fc.Arbitrary<Step[]>): void {
  const walk = fc.property(walks, (taken) => {
    let before = begin().state;
    run(taken, ({ state, events }) => {
      const event = events.at(-1);
      if (event !== undefined && event.position > before.position && isAboutGroups(event)) {
        expect(passedOver(event, before, state)).toEqual([]);
      }
      before = cloneState(state);
    });
  });
  fc.assert(walk, { numRuns: 150 });
}

describe('an event about a whole group', () => {
  it('has every member looked at that it gives something else to say', () => nobodyIsPassedOver(steps));

  it('does so in the thick of a rollout too', () => nobodyIsPassedOver(rolloutSteps));

  it('has nobody looked at for a deployment that has told nobody yet', () => {
    const asked: ServerId[][] = [];
    for (const walk of fc.sample(rolloutSteps, 10)) {
      run(walk, ({ state, events }) => {
        const event = events.at(-1);
        if (event?.type !== 'deployment.requested' || event.position !== state.position) return;
        const isFirst = event.data.supersedes === null && asked.length === 0;
        if (isFirst && event.data.version === '2') asked.push([...concernedMembers(state, event.data.group, event)]);
      });
    }
    expect(asked).toEqual([[]]);
  });

  it('has everybody looked at where they may hold another lease', () => {
    const configures = { kind: 'ask', type: 'group.configure', asking: {} } as const;
    const lease: Step = { ...configures, body: { group: 'Production', policy: { leaseMs: 30_000 } } };
    const opened = fc.sample(rolloutSteps, 1)[0]?.slice(0, 12) ?? [];
    const { state, events } = run([...opened, lease]);
    const configured = events.at(-1) as Event;
    expect(configured.type).toBe('group.configured');
    expect([...concernedMembers(state, 'production' as GroupId, configured)]).toEqual(['s1', 's2', 's3']);
  });
});
