import { describe, expect, it } from 'vitest';
import { Beat } from '../../schemas/receipt.ts';
import type { FleetId, LogId } from '../../schemas/ids.ts';
import { answerBeat, type BeatAnswerSources } from '../../src/coordinator/beat-answer.ts';
import { emptyObserved } from '../../src/projections/observed.ts';
import { founded, stateOf } from '../support/decider-spec.ts';
import { createdWith, joined, registered } from '../support/fleet-facts.ts';

const beat = Beat.parse({
  server: 's1',
  instance: 'i1',
  assignment: { term: 0, position: 0 },
  directive: { term: 0, position: 0 },
  healthy: true,
});

/** How often a member of a group with this lease is asked to beat. */
function beatMsOf(leaseMs?: number, healthy = true): number | undefined {
  const state = stateOf(
    founded,
    registered('s1'),
    createdWith('Edge', leaseMs === undefined ? {} : { leaseMs }),
    joined('s1', 'edge'),
  );
  const names = { fleet: 'main' as FleetId, log: 'log' as LogId, term: 1 };
  const groups = { get: () => undefined } as unknown as BeatAnswerSources['groups'];
  return answerBeat({ ...beat, healthy }, { ...names, state, observed: emptyObserved(), groups }).beatMs;
}

describe('the answer to a heartbeat', () => {
  it.each([
    ['says nothing of how often to beat under the default lease', undefined, undefined],
    ['asks for six beats in a short lease', 1_200, 200],
    ['asks for six beats in a long lease', 30_000, 5_000],
    ['asks for one every ten seconds, however long the lease', 3_600_000, 10_000],
  ])('%s', (_what, leaseMs, beatMs) => {
    expect(beatMsOf(leaseMs)).toBe(beatMs);
  });

  it('spares none of the beats by which a server that is not well is taken out', () => {
    expect(beatMsOf(3_600_000, false)).toBeUndefined();
    expect(beatMsOf(1_200, false)).toBe(200);
  });
});
