/** Names that no other process and no other start has. */

/** 64 bits in hex. `random` is uniform in [0, 1); it comes in so that a simulation can own it. */
export function newToken(random: () => number): string {
  const half = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return half() + half();
}
