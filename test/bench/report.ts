/** A row of the table of performance, as it is printed: measured beside its floor and its target, or why it is not. */
import type { Comparison } from './harness.ts';

export type Durability =
  | 'default sync (no fsync before the ack)'
  | 'sync_interval: always (fsync before the ack)'
  | 'no disk';

export type Line =
  | {
      readonly status: 'measured';
      readonly what: string;
      readonly comparison: Comparison;
      readonly target: { readonly sense: 'at least' | 'at most'; readonly ratio: number };
      readonly durability: Durability;
      /** Where what is compared differs from what the row asks for, and which of the two that favours. */
      readonly note?: string;
    }
  /** What has no floor to stand beside, such as a time somebody waits for. */
  | { readonly status: 'stated'; readonly what: string; readonly figures: readonly string[] }
  | { readonly status: 'not measured'; readonly what: string; readonly why: string };

export interface Row {
  readonly number: number;
  readonly title: string;
  /** Takes minutes: runs only where it is asked for, by its number or with all of its kind by this word. */
  readonly onlyAs?: 'scale';
  run(): Promise<readonly Line[]>;
}

export function textOf(row: Row, line: Line): string {
  const head = `row ${row.number}  ${line.what}`;
  if (line.status === 'not measured') return `${head}\n        not measured: ${line.why}`;
  if (line.status === 'stated') return [head, ...line.figures.map((figure) => `        ${figure}`)].join('\n');
  const { ratio, ratios, subject, floor } = line.comparison;
  const { sense, ratio: target } = line.target;
  const met = sense === 'at least' ? ratio >= target : ratio <= target;
  const figure = ({ name, unit, value, cpuMicrosecondsPerOperation }: Comparison['subject']) =>
    `${name} ${number(value)} ${unit}, ${number(cpuMicrosecondsPerOperation)} µs CPU each`;
  return [
    head,
    `        ratio ${number(ratio)} (${ratios.map(number).join(', ')}), target ${sense} ${target}: ${met ? 'met' : 'MISSED'}`,
    `        ${figure(subject)}`,
    `        floor: ${figure(floor)}`,
    `        ${line.durability}${line.note === undefined ? '' : `. ${line.note}`}`,
  ].join('\n');
}

export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}
