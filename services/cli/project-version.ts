/** `PROJECT@VERSION` as people write it. Pure. */
export function splitVersion(text: string): { project: string; version?: string } {
  const at = text.indexOf('@');
  return at === -1 ? { project: text } : { project: text.slice(0, at), version: text.slice(at + 1) };
}
