/** Texts are known by their bytes: however many there are, and whether or not they come again. */
import { describe, expect, it } from 'vitest';
import { KnownTexts, type TextBytes } from '../../src/wire/known-texts.ts';

function bytesOf(text: string): TextBytes {
  const bytes = new TextEncoder().encode(`-${text}-`);
  return { bytes, start: 1, length: bytes.length - 2 };
}

/** As a reader uses it. True where the text was known. */
function read(known: KnownTexts, text: string): boolean {
  const bytes = bytesOf(text);
  const found = known.find(bytes);
  if (found === undefined) known.keep(text, bytes);
  else if (found !== text) throw new Error(`gave "${found}" for "${text}"`);
  return found !== undefined;
}

/** How many of these were known. */
function knownOf(known: KnownTexts, texts: Iterable<string>): number {
  let count = 0;
  for (const text of texts) if (read(known, text)) count += 1;
  return count;
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('known texts', () => {
  it('knows most names of ten thousand servers once they have come a few times', () => {
    const known = new KnownTexts();
    const servers = names('gateway-', 10_000);
    for (let round = 0; round < 10; round += 1) knownOf(known, servers);
    expect(knownOf(known, servers)).toBeGreaterThan(5_000);
  });

  it('gives up on texts that never come again, and knows what comes again later', () => {
    const known = new KnownTexts();
    expect(knownOf(known, names('never-', 300_000))).toBe(0);
    expect(knownOf(known, ['a', 'b', 'a', 'b'])).toBe(0);
    // A rest of 16 rounds of 65,536 looks, and the first of them that finds something.
    for (let round = 0; round < 600_000; round += 1) knownOf(known, ['a', 'b']);
    expect(knownOf(known, ['a', 'b', 'a', 'b'])).toBe(4);
  });

  it('never gives an empty text, a long one, or one of other bytes for what it kept', () => {
    const known = new KnownTexts();
    for (const text of ['', 'é', 'Ã©', 'a'.repeat(25), '', 'é', 'Ã©', 'a'.repeat(25)]) {
      expect(read(known, text)).toBe(false);
    }
  });
});
