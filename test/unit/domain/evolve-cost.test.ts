import { describe, expect, it } from 'vitest';
import type { Event } from '../../../schemas/events.ts';
import type { CommandId, Principal } from '../../../schemas/ids.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { emptyState } from '../../../src/domain/fleet-state.ts';
import { append, fact, founded } from '../../support/decider-spec.ts';
import { joined, leaving, left, ready } from '../../support/fleet-facts.ts';

const serverCount = 1_000;
const rounds = 10;
/** Meant: 1.5 µs. The bound is wide, since the machine may be busy; a fold that copies or scans misses it by far. */
const microsecondsMax = 8;

describe('folding a log', () => {
  it('costs about as much as a few writes to maps, an event', () => {
    const events = longLog();
    const costs = Array.from({ length: 5 }, () => {
      const state = emptyState();
      const beganAt = performance.now();
      for (const event of events) evolve(state, event);
      return ((performance.now() - beganAt) * 1000) / events.length;
    });
    expect(Math.min(...costs)).toBeLessThan(microsecondsMax);
  });
});

/** Servers that come and go, each event answering a command of its own. */
function longLog(): Event[] {
  const state = emptyState();
  const events = [append(state, founded)];
  for (let index = 0; index < serverCount; index += 1) {
    const address = { host: `h${index}`, port: 1 };
    events.push(append(state, fact('server.registered', { server: `s${index}`, address, labels: {} })));
  }
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < serverCount; index += 1) {
      const id = `s${index}`;
      for (const way of [joined, (s: string, g: string) => ready(s, g, 1), leaving, left]) {
        const event = append(state, way(id, 'production'));
        events.push({
          ...event,
          command: { id: `c-${event.position}` as CommandId, hash: 'h' },
          principal: 'a' as Principal,
        });
      }
    }
  }
  return events;
}
