/** Where the statuses stand in the chart, and the ways between them that src/server-machine/README.md draws. */
import type { ServerStatus } from '../../../../../schemas/group-status.ts';

export type ChartName = ServerStatus | 'gone';

/** Middles of the boxes. */
export const places: { readonly [N in ChartName]: readonly [number, number] } = {
  available: [70, 150],
  syncing: [260, 150],
  retrying: [260, 42],
  failed: [460, 42],
  ready: [460, 150],
  cordoned: [260, 262],
  draining: [460, 262],
  lost: [670, 150],
  gone: [70, 262],
};

export interface ChartArrow {
  readonly from: ChartName;
  readonly to: ChartName;
  readonly path: string;
  /** Where the position of the event stands that it was taken by. */
  readonly label: readonly [number, number];
}

const half = { width: 52, height: 17 } as const;

type Side = 'left' | 'right' | 'top' | 'bottom';

/** From a side of one box to a side of another; `shift` moves both ends along, so that two ways stand side by side. */
function way(from: ChartName, to: ChartName, sides: readonly [Side, Side], shift = 0): ChartArrow {
  const [x1, y1] = edge(places[from], sides[0], shift);
  const [x2, y2] = edge(places[to], sides[1], shift);
  return { from, to, path: `M${x1} ${y1}L${x2} ${y2}`, label: [(x1 + x2) / 2 + 4, (y1 + y2) / 2 - 5] };
}

function edge([x, y]: readonly [number, number], side: Side, shift: number): readonly [number, number] {
  switch (side) {
    case 'left':
      return [x - half.width, y + shift];
    case 'right':
      return [x + half.width, y + shift];
    case 'top':
      return [x + shift, y - half.height];
    case 'bottom':
      return [x + shift, y + half.height];
  }
}

/** A way around what stands between: through a point that bends it. */
function bow(from: ChartName, to: ChartName, path: string, label: readonly [number, number]): ChartArrow {
  return { from, to, path, label };
}

export const arrows: readonly ChartArrow[] = [
  way('available', 'syncing', ['right', 'left']),
  way('syncing', 'ready', ['right', 'left'], -6),
  way('syncing', 'retrying', ['top', 'bottom'], -14),
  way('retrying', 'syncing', ['bottom', 'top'], 14),
  way('retrying', 'failed', ['right', 'left']),
  bow('retrying', 'ready', 'M300 59 420 133', [366, 92]),
  bow('syncing', 'failed', 'M312 140 412 59', [348, 124]),
  bow('failed', 'syncing', 'M408 50 304 133', [330, 108]),
  way('failed', 'ready', ['bottom', 'top'], 14),
  bow('ready', 'retrying', 'M424 133 312 52', [384, 98]),
  way('ready', 'failed', ['top', 'bottom'], -14),
  way('ready', 'draining', ['bottom', 'top'], -14),
  way('draining', 'ready', ['top', 'bottom'], 14),
  way('syncing', 'cordoned', ['bottom', 'top'], -14),
  way('cordoned', 'syncing', ['top', 'bottom'], 14),
  bow('syncing', 'draining', 'M304 167 416 245', [372, 202]),
  bow('draining', 'syncing', 'M408 250 296 167', [340, 222]),
  way('draining', 'cordoned', ['left', 'right'], -6),
  way('cordoned', 'draining', ['right', 'left'], 6),
  bow('draining', 'available', 'M440 279C380 318 150 310 84 167', [190, 292]),
  bow('draining', 'gone', 'M430 279C350 326 180 322 122 272', [250, 312]),
  way('ready', 'lost', ['right', 'left'], -6),
  way('lost', 'ready', ['left', 'right'], 6),
  bow('lost', 'syncing', 'M640 133C590 92 380 100 300 133', [560, 104]),
  bow('syncing', 'lost', 'M296 167C380 208 600 208 650 167', [590, 196]),
  bow('draining', 'lost', 'M512 258C590 250 640 210 668 167', [610, 240]),
  bow('available', 'lost', 'M64 133C80 -72 640 -72 676 133', [566, 12]),
  bow('lost', 'available', 'M690 133C660 -96 50 -96 46 133', [112, 34]),
  bow('lost', 'failed', 'M650 133 512 48', [594, 92]),
  bow('failed', 'lost', 'M512 42 664 133', [606, 84]),
  way('available', 'gone', ['bottom', 'top'], -14),
  way('gone', 'available', ['top', 'bottom'], 14),
];
