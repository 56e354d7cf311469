/** Tables without boxes: columns as wide as they must be, two spaces between. Pure. */
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
  active: 'green',
  syncing: 'yellow',
  draining: 'yellow',
  drain: 'yellow',
  deprecated: 'yellow',
  failed: 'red',
  retired: 'dim',
  available: 'dim',
};

export function renderTable({ columns, rows, empty }: Table, paint: Paint): string {
  if (rows.length === 0) return paint.dim(empty);
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => (row[index] ?? '').length)),
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
    ...rows.map((row) => line(row, (cell) => coloured(cell, paint))),
  ].join('\n');
}

function coloured(cell: string, paint: Paint): string {
  const colour = colourByWord[cell];
  return colour === undefined ? cell : paint[colour](cell);
}

/** Name and value, one a line: for a single thing. */
export function renderFields(fields: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value}`).join('\n');
}
