/** Where the squares of a group stand, and how they are drawn. */
import type { Colours } from './use-colours.ts';
import { lookByMark } from './status.ts';
import type { Square } from './squares.tsx';

export interface Layout {
  readonly columns: number;
  /** From one square's edge to the next one's, in CSS pixels. */
  readonly pitch: number;
  readonly side: number;
  readonly width: number;
  readonly height: number;
}

/** The fewer there are, the larger they are: shapes are told apart from 8 pixels on, colours below that too. */
const sizes = [
  { upTo: 24, side: 20, gap: 5 },
  { upTo: 120, side: 14, gap: 4 },
  { upTo: 600, side: 11, gap: 3 },
  { upTo: 2_500, side: 8, gap: 2 },
  { upTo: Number.POSITIVE_INFINITY, side: 6, gap: 1 },
] as const;

export function layoutOf(count: number, width: number): Layout {
  const { side, gap } = sizes.find(({ upTo }) => count <= upTo) ?? sizes[4];
  const pitch = side + gap;
  const columns = Math.max(1, Math.floor((width + gap) / pitch));
  const rows = Math.max(1, Math.ceil(count / columns));
  return { columns, pitch, side, width, height: rows * pitch - gap };
}

const shapeByPath = new Map<string, Path2D>();

export interface Drawing {
  readonly servers: readonly Square[];
  readonly layout: Layout;
  readonly colours: Colours;
}

export function drawSquares(canvas: HTMLCanvasElement, { servers, layout, colours }: Drawing): void {
  const { width, height, columns, pitch, side } = layout;
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  if (context === null) return;
  for (const [index, { status }] of servers.entries()) {
    const { path, colour } = lookByMark[status];
    const left = (index % columns) * pitch;
    const top = Math.floor(index / columns) * pitch;
    const scale = (side / 12) * ratio;
    // The shapes stand in the middle twelve of a box of sixteen.
    context.setTransform(scale, 0, 0, scale, left * ratio - 2 * scale, top * ratio - 2 * scale);
    context.fillStyle = colours[colour] ?? 'gray';
    context.fill(shapeOf(path), 'evenodd');
  }
}

function shapeOf(path: string): Path2D {
  const known = shapeByPath.get(path);
  if (known !== undefined) return known;
  const shape = new Path2D(path);
  shapeByPath.set(path, shape);
  return shape;
}
