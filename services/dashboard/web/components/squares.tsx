/**
 * A square a server, drawn on a canvas: two or ten thousand cost one element. For the keyboard and for who hears it is
 * a list box with one option at a time, the one under the cursor; arrows move through all of them.
 */
import { type KeyboardEvent, type PointerEvent, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { go } from '../data/place.ts';
import { useServerTraffic } from '../data/traffic.ts';
import { drawSquares, type Layout, layoutOf } from './squares-drawing.ts';
import type { Mark } from './status.ts';
import { rateText } from './traffic-text.ts';
import { useColours } from './use-colours.ts';
import { useWidth } from './use-width.ts';

export interface Square {
  readonly server: string;
  readonly status: Mark;
  /** What is said of it beside its name. Default: the status. */
  readonly word?: string;
}

export interface SquaresProps {
  readonly label: string;
  readonly servers: readonly Square[];
}

export function Squares({ label, servers }: SquaresProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  const [active, setActive] = useState(-1);
  const layout = useMemo(() => layoutOf(servers.length, width), [servers.length, width]);
  useLayoutEffect(() => {
    if (canvas.current !== null) drawSquares(canvas.current, { servers, layout, colours });
  }, [servers, layout, colours]);
  const counts = useMemo(() => countsByWord(servers), [servers]);
  const id = useId();
  const shown = servers[active];
  const open = () => {
    if (shown !== undefined) go(`/servers/${shown.server}`);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = keyTarget(event.key, { active, layout, size: servers.length });
    if (event.key === 'Enter' || event.key === ' ') open();
    else if (to === undefined) return;
    else setActive(to);
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setActive(indexAt(event.clientX - box.left, event.clientY - box.top, layout, servers.length));
  };
  return (
    <div
      ref={frame}
      className="squares"
      role="listbox"
      tabIndex={0}
      aria-label={`${label}: ${counts}`}
      aria-activedescendant={shown === undefined ? undefined : id}
      onKeyDown={onKeyDown}
      onPointerMove={onPointerMove}
      onPointerLeave={() => setActive(-1)}
      onFocus={() => setActive((at) => (at < 0 && servers.length > 0 ? 0 : at))}
      onBlur={() => setActive(-1)}
      onClick={open}
      style={{ height: layout.height }}
    >
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas takes no focus; the option below speaks for it. */}
      <canvas ref={canvas} aria-hidden="true" />
      {shown === undefined ? null : (
        <ActiveSquare id={id} square={shown} index={active} layout={layout} size={servers.length} />
      )}
    </div>
  );
}

interface ActiveSquareProps {
  readonly id: string;
  readonly square: Square;
  readonly index: number;
  readonly layout: Layout;
  readonly size: number;
}

/** The one option there is: the frame around its square, and its name beside it. */
function ActiveSquare({ id, square, index, layout, size }: ActiveSquareProps) {
  const traffic = useServerTraffic(square.server);
  const { columns, pitch, side, width } = layout;
  const left = (index % columns) * pitch;
  const top = Math.floor(index / columns) * pitch;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list box has the focus, and names this as its active one.
    <div
      id={id}
      role="option"
      aria-selected="true"
      aria-setsize={size}
      aria-posinset={index + 1}
      className="squares-active"
      style={{ left: left - 2, top: top - 2, width: side + 4, height: side + 4 }}
    >
      <span className="squares-name" data-at={left > width / 2 ? 'left' : 'right'}>
        {square.server} <span className="soft">{wordOf(square)}</span>
        {traffic === null ? null : <span className="faint numeric"> {rateText(traffic)}</span>}
      </span>
    </div>
  );
}

function wordOf({ status, word }: Square): string {
  return word ?? status;
}

/** `3 ready, 1 failed`: what who hears the page is told first. */
function countsByWord(servers: readonly Square[]): string {
  const countBy = new Map<string, number>();
  for (const square of servers) countBy.set(wordOf(square), (countBy.get(wordOf(square)) ?? 0) + 1);
  return [...countBy].map(([word, count]) => `${count} ${word}`).join(', ') || 'none';
}

interface KeyTargetOptions {
  readonly active: number;
  readonly layout: Layout;
  readonly size: number;
}

function keyTarget(key: string, { active, layout, size }: KeyTargetOptions): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: layout.columns,
    ArrowUp: -layout.columns,
    Home: -size,
    End: size,
  };
  const step = steps[key];
  return step === undefined ? undefined : Math.max(0, Math.min(size - 1, active + step));
}

function indexAt(x: number, y: number, { columns, pitch }: Layout, size: number): number {
  const column = Math.floor(x / pitch);
  const index = Math.floor(y / pitch) * columns + column;
  return column >= 0 && column < columns && index >= 0 && index < size ? index : -1;
}
