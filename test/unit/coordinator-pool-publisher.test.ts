/** A pool published from what changed of it alone is the pool that follows from the log, through anything that happens. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BalancerId, FleetId, GroupId } from '../../schemas/ids.ts';
import { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import { PoolPublisher } from '../../src/coordinator/pool-publisher.ts';
import type { FleetState } from '../../src/domain/state.ts';
import { desiredPool, heardEntry, wholeness } from '../../src/pool-sync/held-pool.ts';
import { appliedKey, emptyObserved } from '../../src/projections/observed.ts';
import { poolOf } from '../../src/projections/pool.ts';
import { decodeMessage } from '../../src/wire/message.ts';
import { ManualClock } from './client/fake-bus.ts';
import { begin, rolloutSteps, type Step, steps, take } from '../support/fleet-walk.ts';
import { leadersTerm as term, poolValues } from '../support/pool-values.ts';

const fleet = 'main' as FleetId;
const balancer = 'haproxy' as BalancerId;
const groups = ['production', 'development', 'edge', 'core'] as GroupId[];

interface Stored {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly expect?: { readonly lastSubjectSequence?: number };
}

/** One message a subject, fenced by its sequence; every answer takes turns to come. */
class StreamInMemory {
  readonly bySubject = new Map<string, { data: Uint8Array; sequence: number }>();
  #last = 0;

  asBus() {
    const store = async ({ subject, data, expect: expected }: Stored) => {
      await turn();
      if ((this.bySubject.get(subject)?.sequence ?? 0) !== expected?.lastSubjectSequence) return { status: 'conflict' };
      this.#last += 1;
      const sequence = this.#last;
      this.bySubject.set(subject, { data, sequence });
      await turn();
      return { status: 'stored', sequence };
    };
    const purge = async ({ filter, belowSequence }: { filter: string; belowSequence: number }) => {
      await turn();
      if ((this.bySubject.get(filter)?.sequence ?? belowSequence) < belowSequence) this.bySubject.delete(filter);
      await turn();
    };
    const get = async ({ lastOf: subject }: { lastOf: string }) => {
      const held = this.bySubject.get(subject);
      return held === undefined ? undefined : { subject, ...held };
    };
    return { store, purge, get } as never;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function publishersOf(state: FleetState) {
  const [stream, observed] = [new StreamInMemory(), emptyObserved()];
  const pools = poolValues({ bus: stream.asBus(), stream: 'POOLS', clock: new ManualClock() });
  const publishers = groups.map((group) => new PoolPublisher({ fleet, group, state, observed, pools, term }));
  return { stream, observed, publishers };
}

function expectFollows(state: FleetState, stream: StreamInMemory): void {
  for (const group of groups) {
    const wanted = poolOf(state, group);
    if (wanted === null) continue;
    const closing = stream.bySubject.get(subjects.poolRevision(fleet, group))?.data ?? new Uint8Array(0);
    const revision = decodeMessage(PoolRevision, closing, 'a revision');
    const entries = [...stream.bySubject]
      .filter(([subject]) => subject.startsWith(subjects.poolEntriesOf(fleet, group)))
      .map(([, { data }]) => heardEntry(decodeMessage(PoolEntry, data, 'an entry'), data));
    expect(wholeness(entries, revision)).toEqual({ status: 'whole' });
    expect(revision).toMatchObject({ position: wanted.position, size: wanted.entries.length });
    const { servers } = desiredPool(group, entries);
    expect(servers).toEqual(wanted.entries.map(({ position: _, ...entry }) => entry));
  }
}

const looks = fc.constantFrom('nothing', 'nothing', 'publish', 'publish', 'publish', 'purge', 'doubt');

/** Publishes now and then, while tombstones are purged, and once more when all is quiet. */
function follows(walks: fc.Arbitrary<Step[]>) {
  const moments = walks.chain((walk) =>
    fc.tuple(...walk.map((step) => fc.tuple(fc.constant(step), looks, fc.nat({ max: 2 })))),
  );
  const walk = fc.asyncProperty(moments, async (taken) => {
    const live = begin();
    const { state } = live;
    state.balancerById.set(balancer, { id: balancer, kind: 'haproxy', groups: 'all', lostAt: null } as never);
    const { stream, observed, publishers } = publishersOf(state);
    let publishing: Promise<unknown> = Promise.resolve();
    const publish = () => {
      publishing = publishing.then(() => Promise.all(publishers.map((publisher) => publisher.publish())));
      return publishing;
    };
    const purging: Promise<void>[] = [];
    for (const [step, look, turns] of taken) {
      take(live, step);
      if (look === 'publish') void publish();
      if (look === 'doubt') for (const publisher of publishers) publisher.doubt();
      if (look === 'purge') {
        for (const group of groups) {
          const position = observed.publishedPoolByGroup.get(group) ?? 0;
          const applied = { log: state.log, term, position, balancer, group, servers: 0, inFlight: [] };
          observed.appliedByKey.set(appliedKey(balancer, group), { applied, seenAt: 0 } as never);
        }
        purging.push(...publishers.map((publisher) => publisher.purgeTombstones()));
      }
      for (let count = 0; count < turns; count += 1) await turn();
    }
    await publish();
    await Promise.all(purging);
    expectFollows(state, stream);
  });
  return fc.assert(walk, { numRuns: 100 });
}

describe('a pool published from what changed of it', () => {
  it('is whole and what the log says', () => follows(steps));

  it('is so in the thick of a rollout too', () => follows(rolloutSteps));
});
