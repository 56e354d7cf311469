/** Silence as far as it can be believed: only time in which a heartbeat would have been heard counts. Pure. */

/** Answers farther apart than this leave a gap: as long as the shortest lease, and several probes on a busy machine. */
export const gapMs = 1_000;

interface SilenceOptions {
  readonly seenAt: number;
  readonly since: number;
  readonly upTo: number;
  readonly now: number;
}

/** Never below 0: what came after the newest answer was heard as well. In a gap nothing counts. */
export function silence({ seenAt, since, upTo, now }: SilenceOptions): number {
  if (now - upTo > gapMs) return 0;
  return Math.max(0, upTo - Math.max(seenAt, since));
}
