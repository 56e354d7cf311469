/** What is kept of each subject, so that one group's servers are walked without the others'. */
export class BySubject<T> {
  readonly #create: () => T;
  /** By the subject but for its last token, then by that: see `placeOf`. */
  readonly #heldByPrefix = new Map<string, Map<string, T>>();

  constructor(create: () => T) {
    this.#create = create;
  }

  get(subject: string): T | undefined {
    const { prefix, token } = placeOf(subject);
    return this.#heldByPrefix.get(prefix)?.get(token);
  }

  /** What is held of it, made where nothing was. */
  of(subject: string): T {
    const { prefix, token } = placeOf(subject);
    const siblings = this.#heldByPrefix.get(prefix) ?? new Map<string, T>();
    this.#heldByPrefix.set(prefix, siblings);
    const known = siblings.get(token);
    if (known !== undefined) return known;
    const held = this.#create();
    siblings.set(token, held);
    return held;
  }

  /** By token, of every subject that is `prefix` (ending in ".server.") and one more. */
  under(prefix: string): ReadonlyMap<string, T> {
    return this.#heldByPrefix.get(prefix) ?? new Map<string, T>();
  }
}

/** Servers' subjects stand together by what is said of them; all others in one place, since each is alone. */
function placeOf(subject: string): { readonly prefix: string; readonly token: string } {
  const at = subject.lastIndexOf('.') + 1;
  const prefix = subject.slice(0, at);
  return prefix.endsWith('.server.') ? { prefix, token: subject.slice(at) } : { prefix: '', token: subject };
}
