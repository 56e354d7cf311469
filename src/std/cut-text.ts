/**
 * Text of others as far as it is kept: its first `lengthMax` UTF-16 units at most. Never half of a surrogate pair, which
 * has no UTF-8: the log would give back another text, and JSON that names one is refused in other languages. Pure.
 */
export function cutText(text: string, lengthMax: number): string {
  return text.slice(0, lengthMax).toWellFormed();
}
