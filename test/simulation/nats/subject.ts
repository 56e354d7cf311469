/** NATS's wildcards: `*` is one token, `>` all that are left. */
const tokensByPattern = new Map<string, readonly string[]>();

export function matches(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  let tokens = tokensByPattern.get(pattern);
  if (tokens === undefined) {
    tokens = pattern.split('.');
    tokensByPattern.set(pattern, tokens);
  }
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    if (token === '>') return from < subject.length;
    if (from > subject.length) return false;
    const dot = subject.indexOf('.', from);
    const end = dot === -1 ? subject.length : dot;
    if (token !== '*' && (token.length !== end - from || !subject.startsWith(token, from))) return false;
    from = end + 1;
    if (index === tokens.length - 1) return end === subject.length;
  }
  return false;
}
