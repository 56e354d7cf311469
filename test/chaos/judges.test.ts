/** The judges of a chaos run find what they are there for; and a seed is a schedule. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import type { LoadFailure } from '../support/steady-load.ts';
import { type Order, wrongInBooks } from './books.ts';
import { faultNames, faultOf } from './faults.ts';
import { judgeRequests } from './requests.ts';
import { planChaos } from './schedule.ts';

const principal = 'player';

function eventAt(position: number, id: string, type = 'server.left'): Event {
  return { position, type, principal, command: { id, hash: 'h' }, data: {} } as never;
}

function orderOf(event: Event, [askedAt, settledAt]: readonly [number, number]): Order {
  const status = event.type === 'command.rejected' ? 'rejected' : 'accepted';
  const outcome = { status, position: event.position, event } as never;
  return { id: event.command?.id ?? '', type: 'server.leave', payload: {} as never, askedAt, settledAt, outcome };
}

describe('the books of a chaos run', () => {
  const events = [eventAt(1, 'a'), eventAt(2, 'b', 'command.rejected'), eventAt(3, 'c')];
  const times = [
    [0, 10],
    [11, 20],
    [15, 30],
  ] as const;
  const orders = events.map((event, index) => orderOf(event, times[index] as readonly [number, number]));
  const wrongIn = (given: readonly Order[], log: readonly Event[]) => wrongInBooks({ principal, orders: given }, log);

  it('balance where each answer stands once, in order', () => {
    expect(wrongIn(orders, events)).toEqual([]);
  });

  it('show an acknowledged command that is gone', () => {
    const without = [eventAt(1, 'a'), eventAt(2, 'b', 'command.rejected')];
    expect(wrongIn(orders, without).join()).toMatch(/c stands 0 times/);
  });

  it('show a command that took effect twice', () => {
    expect(wrongIn(orders, [...events, eventAt(4, 'a')]).join()).toMatch(/a stands 2 times/);
  });

  it('show a refused command that took effect, and an accepted one that stands otherwise', () => {
    const [first, , third] = events as [Event, Event, Event];
    expect(wrongIn(orders, [first, eventAt(2, 'b'), third]).join()).toMatch(/b was told that it is refused/);
    expect(wrongIn(orders, [eventAt(1, 'a', 'server.lost'), ...events.slice(1)]).join()).toMatch(/a was told another/);
  });

  it('show what nobody asked, what nobody answered, and a position that is not the next', () => {
    expect(wrongIn(orders.slice(1), events).join()).toMatch(/a command a that nobody asked/);
    const { outcome: _outcome, settledAt: _settledAt, ...open } = orders[2] as Order;
    expect(wrongIn([...orders.slice(0, 2), open], events).join()).toMatch(/c was never answered/);
    expect(wrongIn(orders, [events[0] as Event, eventAt(3, 'c')]).join()).toMatch(/position 2 holds event 3/);
  });

  it('show an order that is not the one in which answers came', () => {
    const later = orders.map((order) => (order.id === 'a' ? { ...order, askedAt: 40, settledAt: 50 } : order));
    expect(wrongIn(later, events).join()).toMatch(/a was asked after c was answered/);
  });
});

describe('requests that failed in a chaos run', () => {
  const failure = { what: 'GET / answered 502', status: 502, beganAt: 10_000, endedAt: 10_400 } satisfies LoadFailure;
  const rise = { server: 'gw1', from: 10_300, until: 10_450, count: 1 };
  const window = { server: 'gw1', fault: 'kill-gateway', from: 10_200, until: 15_000 };

  it('are excused where HAProxy counted them on a gateway at fault', () => {
    const { lost, excused } = judgeRequests([failure], { rises: [rise], windows: [window] });
    expect(lost).toEqual([]);
    expect([...excused]).toEqual([['gw1 (kill-gateway)', 1]]);
  });

  it('are lost where more failed than were counted', () => {
    expect(judgeRequests([failure, failure], { rises: [rise], windows: [window] }).lost).toHaveLength(1);
  });

  it('are lost where another gateway was at fault, or none then, or none was counted then', () => {
    const lostWith = (rises: readonly (typeof rise)[], windows: readonly (typeof window)[]) =>
      judgeRequests([failure], { rises, windows }).lost;
    expect(lostWith([rise], [{ ...window, server: 'gw2' }])).toHaveLength(1);
    expect(lostWith([rise], [{ ...window, from: 20_000, until: 21_000 }])).toHaveLength(1);
    expect(lostWith([{ ...rise, from: 20_000, until: 20_100 }], [window])).toHaveLength(1);
    expect(lostWith([], [window])).toHaveLength(1);
  });
});

describe('a schedule of chaos', () => {
  const options = { seed: 7, forMs: 600_000, names: faultNames };

  it('is the same for the same seed, and another for another', () => {
    expect(planChaos(options)).toEqual(planChaos(options));
    expect(planChaos({ ...options, seed: 8 })).not.toEqual(planChaos(options));
  });

  it('holds every fault there is in ten minutes of a few seeds, one at a time in each lane, all over at the end', () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 8; seed += 1) {
      const plan = planChaos({ ...options, seed });
      for (const { name } of plan) seen.add(name);
      for (const { at, lastsMs } of plan) expect(at + lastsMs).toBeLessThanOrEqual(options.forMs);
      for (const lane of new Set(plan.map((planned) => planned.lane))) {
        const own = plan.filter((planned) => planned.lane === lane);
        for (const [index, { at }] of own.entries()) {
          const before = own[index - 1];
          expect(at).toBeGreaterThan(before === undefined ? 0 : before.at + before.lastsMs);
        }
      }
    }
    expect([...seen].sort()).toEqual([...faultNames].sort());
  });

  it('cuts nothing where nothing can be cut', () => {
    const names = faultNames.filter((name) => faultOf(name).needsCuts !== true);
    expect(planChaos({ ...options, names }).filter(({ name }) => faultOf(name).needsCuts === true)).toEqual([]);
  });
});
