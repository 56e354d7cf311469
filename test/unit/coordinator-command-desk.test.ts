import { describe, expect, it } from 'vitest';
import { CommandDesk } from '../../src/coordinator/command-desk.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { eventAt } from './eventlog-fixtures.ts';

describe('a command that repeats one whose record never landed', () => {
  it('is not answered with the event another leader put in its place', async () => {
    const answered: unknown[] = [];
    const tracked: Promise<void>[] = [];
    const desk = new CommandDesk({
      deciding: { decide: () => ({ status: 'repeat', position: 12 }) } as never,
      writer: {} as never,
      outcomes: { encode: (asker: object, decided: object) => ({ asker, decided }) } as never,
      // What the log holds there once the reign is over.
      eventAt: async () => eventAt(12),
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
    await expect(tracked[0]).rejects.toMatchObject({ code: 'not-leader' });
    expect(answered).toEqual([]);
  });
});
