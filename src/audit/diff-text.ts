/** Changes as lines for people: `+` came, `-` went, `~` is another now. Pure. */
import type { Change, Described } from './diff.ts';

/** One line a change, such as `~ edge: deployment orders: version 1.2 → 1.3`. */
export function diffLines(changes: readonly Change[]): string[] {
  return changes.map(lineOf);
}

function lineOf({ what, group, name, before, after }: Change): string {
  const where = group === null || what === 'group' ? '' : `${group}: `;
  const thing = `${where}${what} ${name}`;
  if (before === null) return `+ ${thing}${described(after ?? {})}`;
  if (after === null) return `- ${thing}${described(before)}`;
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const parts = fields
    .filter((field) => text(before[field]) !== text(after[field]))
    .map((field) => `${field === 'value' ? '' : `${field} `}${text(before[field])} → ${text(after[field])}`);
  return `~ ${thing}: ${parts.join(', ')}`;
}

function described(fields: Described): string {
  const parts = Object.entries(fields).map(([field, value]) =>
    field === 'value' ? text(value) : `${field} ${text(value)}`,
  );
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** Digests are cut: people compare their beginnings. */
function text(value: unknown): string {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return value.map(text).join(' ') || 'none';
  if (typeof value !== 'object') return String(value);
  return (
    Object.entries(value)
      .map(([field, held]) => `${field}=${text(held)}`)
      .join(' ') || 'none'
  );
}
