/**
 * Names that were read before: messages of one kind hold the same keys in the same order, and the same servers, groups
 * and people again and again. Bounded; forgetting any of it changes nothing but time.
 */

/**
 * A key of a map, behind those before it: maps of one kind have the same keys in the same order, so the next key is
 * guessed and its bytes compared, which costs less than to read them. A wrong guess costs a look among the followers.
 */
export interface Key {
  readonly text: string;
  /** With its head. */
  readonly encoded: Uint8Array;
  readonly followers: Map<string, Key>;
  /** What followed the last time. */
  likely: Key | undefined;
}

/** Keys of all kinds of messages together, well past what ours have. Past it new ones are read, never guessed. */
const keysMax = 4_096;
let keysKnown = 0;
/** Before the first key, by the number of entries; maps of more are people's, such as labels. */
const firstKeys: readonly Key[] = Array.from({ length: 33 }, () => newKey('', new Uint8Array(0)));

/** What stands before the first key of a map of so many entries. */
export function keyBefore(entries: number): Key | undefined {
  return firstKeys[entries];
}

export interface ReadKey {
  readonly text: string;
  /** A view: copied where it is kept. */
  readonly encoded: Uint8Array;
}

/** The key that was read behind another one, from now on the likely one there. */
export function followedBy(before: Key | undefined, { text, encoded }: ReadKey): Key {
  const known = before?.followers.get(text) ?? newKey(text, encoded);
  if (before === undefined) return known;
  if (!before.followers.has(known.text)) {
    if (keysKnown >= keysMax) return known;
    keysKnown += 1;
    before.followers.set(known.text, known);
  }
  before.likely = known;
  return known;
}

function newKey(text: string, encoded: Uint8Array): Key {
  // As the engine keeps names of properties: else it looks the text up at every use.
  const [name = text] = Object.keys({ [text]: true });
  return { text: name, encoded: encoded.slice(), followers: new Map(), likely: undefined };
}

/** One string for the same bytes, whose hash is counted once. A slot that is taken is overwritten. */
const textsMax = 4_096;
/** Bytes; what is longer is a digest or a sentence, which hardly repeats. */
export const knownLengthMax = 32;
const texts: string[] = new Array<string>(textsMax).fill('');

export interface AsciiBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
}

/** The text these bytes are, if it was remembered. `hash`: any number that follows from the bytes. */
export function knownText(hash: number, { bytes, start, length }: AsciiBytes): string | undefined {
  const text = texts[hash & (textsMax - 1)] as string;
  if (text.length !== length) return undefined;
  for (let index = 0; index < length; index++) if (bytes[start + index] !== text.charCodeAt(index)) return undefined;
  return text;
}

export function remember(hash: number, text: string): string {
  texts[hash & (textsMax - 1)] = text;
  return text;
}
