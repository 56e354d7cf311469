/** How much happened when, as bars over time: of what the timeline shows, trouble apart. */
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import { timeText } from '../../components/time-text.ts';
import { useColours } from '../../components/use-colours.ts';
import { useWidth } from '../../components/use-width.ts';
import { goTo } from '../../data/place.ts';
import type { Line } from '../../data/shapes.ts';

const height = 96;
/** As many as bars fit side by side and still are seen. */
const bucketsMax = 120;

export function Rhythm({ lines }: { readonly lines: readonly Line[] }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const colours = useColours();
  const buckets = useMemo(() => bucketsOf(lines), [lines]);
  const latest = useRef(buckets);
  latest.current = buckets;
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    if (frame.current === null || width === 0) return;
    const made = new uPlot(
      optionsOf(width, colours, (index) => goTo(latest.current.positions[index] ?? null)),
      latest.current.data,
      frame.current,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [frame, width, colours]);
  useEffect(() => plot.current?.setData(buckets.data), [buckets]);
  const troubles = lines.filter(({ trouble }) => trouble).length;
  return (
    <div
      ref={frame}
      className="rhythm"
      role="img"
      aria-label={`${lines.length} events over time, ${troubles} of them trouble`}
    />
  );
}

interface Buckets {
  readonly data: uPlot.AlignedData;
  /** The last position in each. */
  readonly positions: readonly (number | null)[];
}

function bucketsOf(lines: readonly Line[]): Buckets {
  const first = lines.at(-1)?.event.at ?? 0;
  const last = lines[0]?.event.at ?? 0;
  const step = Math.max(1_000, Math.ceil((last - first) / bucketsMax));
  const size = Math.floor((last - first) / step) + 1;
  const times = Array.from({ length: size }, (_, index) => (first + index * step) / 1_000);
  const usual = new Array<number>(size).fill(0);
  const trouble = new Array<number>(size).fill(0);
  const positions = new Array<number | null>(size).fill(null);
  for (const line of lines) {
    const index = Math.floor((line.event.at - first) / step);
    usual[index] = (usual[index] ?? 0) + 1;
    if (line.trouble) trouble[index] = (trouble[index] ?? 0) + 1;
    positions[index] = Math.max(positions[index] ?? 0, line.event.position);
  }
  return { data: [times, usual, trouble], positions };
}

/** The clock; its seconds only where the marks stand closer than a minute. */
function axisText(at: number, splits: readonly number[]): string {
  const isClose = (splits[1] ?? 0) - (splits[0] ?? 0) < 60;
  return isClose ? timeText(at) : timeText(at).slice(0, 5);
}

function optionsOf(
  width: number,
  colours: Readonly<Record<string, string>>,
  onClick: (index: number) => void,
): uPlot.Options {
  const axis = {
    stroke: colours['text-faint'] ?? 'gray',
    font: '11px "Muster Sans"',
    grid: { show: false },
    ticks: { show: false },
  };
  const bars = uPlot.paths.bars?.({ size: [0.8, 14], align: 1 });
  const series = (name: string) => ({
    stroke: colours[name] ?? 'gray',
    fill: colours[name] ?? 'gray',
    width: 0,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  });
  return {
    width,
    height,
    padding: [6, 4, 0, 4],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false },
      bind: {
        click: (plot, _target, handler) => (event) => {
          handler(event);
          if (plot.select.width < 4 && typeof plot.cursor.idx === 'number') onClick(plot.cursor.idx);
          return null;
        },
      },
    },
    axes: [
      { ...axis, size: 22, values: (_, splits) => splits.map((at) => axisText(at * 1_000, splits)) },
      { ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000] },
    ],
    series: [{}, series('accent'), series('status-failed')],
  };
}
