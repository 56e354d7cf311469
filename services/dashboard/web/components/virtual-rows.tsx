/**
 * Rows of one height of which only those in sight are in the page: a table of ten thousand costs what thirty do. Said
 * to be a table, with its whole count, so that who hears it knows where in it they are.
 */
import { type ReactNode, useCallback, useState } from 'react';

export interface Column {
  readonly id: string;
  readonly title: string;
}

export interface VirtualRowsProps<T> {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  /** One cell a column, in their order. */
  readonly cells: (row: T) => readonly ReactNode[];
  /** Above the rows it does not grow past so many; then it scrolls. */
  readonly shownMax: number;
  /** Names the grid of its columns in the style sheet. */
  readonly className: string;
  readonly empty: ReactNode;
  /** Rows near the end came into sight: more may be read. */
  readonly onEnd?: () => void;
  readonly isMarked?: (row: T) => boolean;
}

const rowHeight = 30;
/** Beyond both edges, so that a quick scroll never shows a gap. */
const overscan = 8;

export function VirtualRows<T>(props: VirtualRowsProps<T>) {
  const { label, columns, rows, keyOf, cells, shownMax, className, empty, onEnd, isMarked } = props;
  const [first, setFirst] = useState(0);
  const height = Math.min(rows.length, shownMax) * rowHeight;
  const from = Math.max(0, Math.min(first, rows.length - shownMax) - overscan);
  const to = Math.min(rows.length, first + shownMax + overscan);
  const onScroll = useCallback(
    (event: React.UIEvent<HTMLDivElement>) => {
      const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
      setFirst(Math.floor(scrollTop / rowHeight));
      if (scrollTop + clientHeight > scrollHeight - 10 * rowHeight) onEnd?.();
    },
    [onEnd],
  );
  return (
    <table className={`rows-table ${className}`} aria-label={label} aria-rowcount={rows.length + 1}>
      <thead>
        <tr className="rows-head" aria-rowindex={1}>
          {columns.map(({ id, title }) => (
            <th key={id} scope="col" data-column={id}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody
        className="rows-scroll"
        tabIndex={rows.length > shownMax ? 0 : undefined}
        style={{ height: rows.length === 0 ? rowHeight : height }}
        onScroll={onScroll}
      >
        {rows.length === 0 ? (
          <tr className="rows-empty">
            <td colSpan={columns.length}>{empty}</td>
          </tr>
        ) : null}
        <Gap rows={from} />
        {rows.slice(from, to).map((row, index) => (
          <tr
            key={keyOf(row)}
            className="rows-row"
            aria-rowindex={from + index + 2}
            data-marked={isMarked?.(row) || undefined}
          >
            {cells(row).map((cell, column) => (
              <td key={columns[column]?.id} data-column={columns[column]?.id}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
        <Gap rows={rows.length - to} />
      </tbody>
    </table>
  );
}

/** In place of the rows out of sight. */
function Gap({ rows }: { readonly rows: number }) {
  return rows <= 0 ? null : <tr className="rows-gap" style={{ height: rows * rowHeight }} />;
}
