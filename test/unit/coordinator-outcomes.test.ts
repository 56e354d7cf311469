import { describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import type { CommandId, LogId, Principal } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import { EventTexts } from '../../src/coordinator/event-texts.ts';
import { type Asker, Outcomes } from '../../src/coordinator/outcomes.ts';
import { encodeEvent } from '../../src/eventlog/record-codec.ts';
import { decode } from '../../src/wire/codec.ts';

const log = 'log-of-tests' as LogId;
const asker: Asker = { principal: 'alice' as Principal, id: 'one' as CommandId, format: 'json', anonymous: false };
const head = {
  version: 1,
  at: 5,
  principal: 'alice',
  command: { id: 'one', hash: 'aa' },
  reason: 'naïve "quotes" \u2028',
};
const created = (position: number, group = 'edge') =>
  ({
    position,
    ...head,
    type: 'group.deleted',
    data: { group },
  }) as unknown as Event;
const rejected = {
  position: 3,
  ...head,
  type: 'command.rejected',
  data: { command: 'group.create', rejection: { code: 'invalid', message: 'no' } },
} as unknown as Event;

function outcomes(texts = new EventTexts()): Outcomes {
  return new Outcomes({ log, term: 2, texts });
}

function read(bytes: Uint8Array, format: Asker['format']): unknown {
  return format === 'json' ? JSON.parse(Buffer.from(bytes).toString()) : decode(bytes);
}

describe('an outcome', () => {
  it.each(['json', 'msgpack'] as const)(
    'in %s holds the whole event, whether it was encoded before or not',
    (format) => {
      const event = created(7);
      const expected = {
        log,
        term: 2,
        position: 7,
        id: 'one',
        repeated: false,
        safeToRepeat: true,
        status: 'accepted',
        event,
      };
      for (const encoded of [{ encoded: encodeEvent(event) }, {}]) {
        const outcome = read(outcomes().encode({ ...asker, format }, { event, repeated: false, ...encoded }), format);
        expect(outcome).toEqual(expected);
        expect(Outcome.parse(outcome)).toEqual(expected);
      }
    },
  );

  it.each(['json', 'msgpack'] as const)('in %s of a refusal says why, and that it is a repeat', (format) => {
    const bytes = outcomes().encode({ ...asker, format, anonymous: true }, { event: rejected, repeated: true });
    expect(Outcome.parse(read(bytes, format))).toEqual({
      log,
      term: 2,
      position: 3,
      id: 'one',
      repeated: true,
      safeToRepeat: false,
      status: 'rejected',
      rejection: { code: 'invalid', message: 'no' },
    });
  });
});

describe('the texts of events', () => {
  it('are the events’ JSON, however often and in whatever order they are asked for', () => {
    const texts = new EventTexts();
    // As many positions apart as share a place.
    const events = [created(1), created(1 + 8_192, 'other'), created(2)];
    for (const event of events) expect(JSON.parse(texts.of(event))).toEqual(event);
    for (const event of events) expect(JSON.parse(texts.take(event))).toEqual(event);
    for (const event of events) expect(JSON.parse(texts.take(event))).toEqual(event);
  });
});
