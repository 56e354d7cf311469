/** Durations as people write them: `90`, `90s`, `2m`, `500ms`, `1h`; a bare number is seconds. Pure. */
const factorByUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds, or undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * (factorByUnit[match[2] ?? 's'] ?? 1_000));
}

/** How long ago, in one unit: `12s`, `3m`, `5h`, `2d`. */
export function ageText(ms: number): string {
  if (ms < 0) return '0s';
  if (ms < 120_000) return `${Math.floor(ms / 1_000)}s`;
  if (ms < 7_200_000) return `${Math.floor(ms / 60_000)}m`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)}h`;
  return `${Math.floor(ms / 86_400_000)}d`;
}

/** A duration as it may be typed again: `30s`, `5m`, `1.5s`, `300ms`; in the largest unit that keeps it whole. */
export function durationText(ms: number): string {
  if (ms > 0 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms >= 1_000 || ms === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
