/** How refusals quote and list: bounded, so that a rejection stays a small event whatever was sent. */
import { cutText } from '../std/cut-text.ts';
import { namesToldMax, quotedCharactersMax } from './limits.ts';

/** A name as sent, in quotes and cut. */
export function quote(text: string): string {
  const cut = text.length > quotedCharactersMax ? `${cutText(text, quotedCharactersMax)}…` : text;
  return `"${cut}"`;
}

/** A few names, then how many more: `a, b and 3 more`. */
export function list(names: Iterable<string>): string {
  const told: string[] = [];
  let untold = 0;
  for (const name of names) {
    if (told.length < namesToldMax) told.push(name);
    else untold += 1;
  }
  return untold === 0 ? told.join(', ') : `${told.join(', ')} and ${untold} more`;
}
