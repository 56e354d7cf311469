/** One difference between two instants in words: what, of which group, and from what to what. Pure. */

/** As `diff` answers: `before` null, it came; `after` null, it went. */
export interface ToldChange {
  readonly what: string;
  readonly group: string | null;
  readonly name: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** Such as `edge: deployment orders: version 1.2 → 1.3`. */
export function changeText({ what, group, name, before, after }: ToldChange): string {
  const thing = `${group === null || what === 'group' ? '' : `${group}: `}${what} ${name}`;
  if (before === null) return `${thing}${described(after ?? {})}`;
  if (after === null) return `${thing}${described(before)}`;
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const parts = fields
    .filter((field) => valueText(before[field]) !== valueText(after[field]))
    .map((field) => `${field === 'value' ? '' : `${field} `}${valueText(before[field])} → ${valueText(after[field])}`);
  return `${thing}: ${parts.join(', ')}`;
}

function described(fields: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(fields).map(([field, value]) =>
    field === 'value' ? valueText(value) : `${field} ${valueText(value)}`,
  );
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** Digests are cut: people compare their beginnings. */
function valueText(value: unknown): string {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return value.map(valueText).join(' ') || 'none';
  if (typeof value !== 'object') return String(value);
  return (
    Object.entries(value)
      .map(([field, held]) => `${field}=${valueText(held)}`)
      .join(' ') || 'none'
  );
}
