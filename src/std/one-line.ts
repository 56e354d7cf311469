/** Text of others on one line of a terminal: no line breaks, no control characters that a terminal would obey. Pure. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s{2,}/g, ' ')
    .trim();
}
