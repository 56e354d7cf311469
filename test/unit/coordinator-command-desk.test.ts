import { describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import type { LogId } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import { CommandDesk } from '../../src/coordinator/command-desk.ts';
import { EventTexts } from '../../src/coordinator/event-texts.ts';
import { Outcomes } from '../../src/coordinator/outcomes.ts';
import { Failure } from '../../src/std/failure.ts';
import { decode } from '../../src/wire/codec.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { eventAt } from './eventlog-fixtures.ts';

describe('a command that repeats one whose record never landed', () => {
  it('is not answered with the event another leader put in its place', async () => {
    // What the log holds there once the reign is over.
    const { answered, work } = repeat(async () => eventAt(12));
    await expect(work).rejects.toMatchObject({ code: 'not-leader' });
    expect(answered).toEqual([]);
  });
});

describe('a command that repeats one whose record cannot be read any more', () => {
  it('is told so, and where, and ends nothing: the present does not hang on it', async () => {
    const message = 'record 7 of the log: it is no map';
    const { answered, work } = repeat(() =>
      Promise.reject(new Failure({ code: 'malformed', retryable: false, message })),
    );
    await work;
    expect(answered.map((bytes) => Outcome.parse(decode(bytes)))).toEqual([
      { status: 'unknown', safeToRepeat: false, message: expect.stringContaining(message) },
    ]);
    expect(Buffer.from(answered[0] as Uint8Array).toString()).toContain('position 12');
  });

  it('is not told so where the log could not be asked', async () => {
    const failure = new Failure({ code: 'closed', retryable: false, message: 'the bus is closed' });
    const { answered, work } = repeat(() => Promise.reject(failure));
    await expect(work).rejects.toBe(failure);
    expect(answered).toEqual([]);
  });
});

function repeat(eventAtPosition: () => Promise<Event>) {
  const answered: Uint8Array[] = [];
  const tracked: Promise<void>[] = [];
  const desk = new CommandDesk({
    deciding: { decide: () => ({ status: 'repeat', position: 12 }) } as never,
    writer: {} as never,
    outcomes: new Outcomes({ log: 'log-of-tests' as LogId, term: 2, texts: new EventTexts() }),
    eventAt: eventAtPosition,
    random: () => 0.5,
    track: (_, work) => void tracked.push(work),
  });
  desk.take({
    subject: 'muster.main.cmd.alice.group.create',
    data: encodeMessage({ id: 'alice-5', group: 'Edge' }),
    contentType: undefined,
    hash: 'f'.repeat(64),
    askedAt: 1,
    watermark: undefined,
    answer: (outcome) => void answered.push(outcome),
  });
  return { answered, work: tracked[0] as Promise<void> };
}
