/** Something of ours with a few of its methods changed, for a program to meet: the rest is the real one. */
export function but<T extends object>(real: T, changes: Partial<T>): T {
  return new Proxy(real, {
    get: (target, key) => {
      const changed = (changes as Record<PropertyKey, unknown>)[key];
      if (changed !== undefined) return changed;
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
