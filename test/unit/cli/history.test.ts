import { describe, expect, it } from 'vitest';
import { matches } from '../../../src/audit/event-filter.ts';
import { parseInstant } from '../../../src/audit/instant-text.ts';
import { samples } from '../../golden/samples.ts';

const now = 1_760_000_000_000;
const typesOf = (filter: Parameters<typeof matches>[1]) =>
  samples()
    .filter((event) => matches(event, filter))
    .map(({ type }) => type);

describe('an instant', () => {
  it('is a position, a time, or how long ago', () => {
    expect(parseInstant('1200', now)).toEqual({ position: 1_200 });
    expect(parseInstant('15m', now)).toEqual({ time: now - 900_000 });
    expect(parseInstant('2026-03-01T12:00:00Z', now)).toEqual({ time: Date.UTC(2026, 2, 1, 12) });
    for (const text of ['0', 'yesterday', '-5', '1.5', '']) expect(parseInstant(text, now)).toBeUndefined();
  });
});

describe('a filter of events', () => {
  it('lets everything through that it does not speak of', () => {
    expect(typesOf({})).toHaveLength(samples().length);
    expect(typesOf({ principal: 'ops', since: now - 1, until: now + 1_000 })).toHaveLength(samples().length);
    expect(typesOf({ principal: 'somebody' })).toEqual([]);
    expect(typesOf({ since: now + 1_000 })).toEqual([]);
  });

  it('finds what is about a group, wherever the event names it and however it is spelled', () => {
    const about = typesOf({ group: 'Core' });
    expect(about).toEqual(expect.arrayContaining(['server.moving', 'server.left', 'balancer.registered']));
    expect(about).not.toContain('group.deleted');
  });

  it('finds what is about a server, in lists too', () => {
    expect(typesOf({ server: 's3' })).toEqual(['group.servers-set']);
  });

  it('finds refusals, and types by name', () => {
    expect(typesOf({ rejected: true })).toEqual(['command.rejected']);
    expect(typesOf({ type: ['server.ready', 'server.left'] })).toEqual(['server.ready', 'server.left']);
  });
});
