/** The log's sentences begin small, since they stand in lists; alone they begin as sentences do. Pure. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
