/** Tables without boxes: columns as wide as they must be, two spaces between. Pure. */
import { oneLine } from '../../src/std/one-line.ts';
import type { Paint } from './paint.ts';

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What to say instead of a table without rows. */
  readonly empty: string;
}

/** Colours by what a word means; the width counts without them. */
const colourByWord: Readonly<Record<string, keyof Paint>> = {
  ready: 'green',
  live: 'green',
  'in traffic': 'green',
  'in step': 'green',
  active: 'green',
  syncing: 'yellow',
  draining: 'yellow',
  drain: 'yellow',
  deprecated: 'yellow',
  retrying: 'yellow',
  cordoned: 'yellow',
  failed: 'red',
  lost: 'red',
  held: 'red',
  retired: 'dim',
  available: 'dim',
  empty: 'dim',
};

export function renderTable({ columns, rows, empty }: Table, paint: Paint): string {
  if (rows.length === 0) return paint.dim(empty);
  const lines = rows.map((row) => row.map(oneLine));
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...lines.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[], colour: (cell: string) => string) =>
    cells
      .map(
        (cell, index) => colour(cell) + ' '.repeat(index === cells.length - 1 ? 0 : (widths[index] ?? 0) - cell.length),
      )
      .join('  ');
  return [
    line(
      columns.map((column) => column.toUpperCase()),
      paint.dim,
    ),
    ...lines.map((row) => line(row, (cell) => coloured(cell, paint))),
  ].join('\n');
}

/** Colours the cell by its word, which may have a mark before it. */
export function coloured(cell: string, paint: Paint): string {
  const colour = colourByWord[cell.replace(/^[^\w\s] /, '')];
  return colour === undefined ? cell : paint[colour](cell);
}

/** Name and value, one a line: for a single thing. */
export function renderFields(fields: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value}`).join('\n');
}
