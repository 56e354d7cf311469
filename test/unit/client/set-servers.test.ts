import { describe, expect, it } from 'vitest';
import { commandSchemas, serversPerCommandMax } from '../../../schemas/commands.ts';
import { fitsOneCommand, nameBytesMax, serverChanges, splitServerChanges } from '../../../src/client/set-servers.ts';
import { bodyBytesMax } from '../../../src/wire/body.ts';
import { encodeMessage } from '../../../src/wire/message.ts';

const group = 'edge';
const names = (count: number, length = 8) =>
  Array.from({ length: count }, (_, index) => `s${String(index).padStart(length - 1, '0')}`);

describe('splitting set-servers', () => {
  it('keeps what one command carries in one', () => {
    expect(fitsOneCommand(names(serversPerCommandMax))).toBe(true);
    expect(fitsOneCommand(names(serversPerCommandMax), names(1))).toBe(false);
    expect(fitsOneCommand(names(serversPerCommandMax, 63))).toBe(false);
  });

  it('adds before it removes, loses nobody, and keeps every part within a command', () => {
    const add = names(10_000, 63);
    const remove = names(5_000, 12);
    const parts = splitServerChanges({ group, add, remove });
    expect(parts.flatMap((part) => part.add ?? [])).toEqual(add);
    expect(parts.flatMap((part) => part.remove ?? [])).toEqual(remove);
    expect(parts.findLastIndex((part) => part.add)).toBeLessThan(parts.findIndex((part) => part.remove));
    for (const part of parts) {
      expect(commandSchemas['group.set-servers'].safeParse(part).success).toBe(true);
      expect(encodeMessage({ ...part, id: 'x'.repeat(64) }).length).toBeLessThan(bodyBytesMax);
    }
    expect(nameBytesMax).toBeLessThan(bodyBytesMax);
  });

  it('makes the difference between who is there and who shall be', () => {
    expect(serverChanges(['a', 'b'], ['c', 'b'])).toEqual({ add: ['c'], remove: ['a'] });
  });
});
