/** The newest events as ticks on the rail: what somebody asked for stands out, and trouble more. */
import { useLayoutEffect, useRef } from 'react';
import { useColours } from '../../components/use-colours.ts';
import { useWidth } from '../../components/use-width.ts';
import type { RailMark } from './rail-marks.ts';

export interface RailTicksProps {
  readonly head: number;
  readonly marks: ReadonlyMap<number, RailMark>;
}

const height = 22;
const ticks = {
  system: { colour: 'line-strong', height: 7 },
  asked: { colour: 'accent', height: 12 },
  trouble: { colour: 'status-failed', height: 18 },
} as const;

export function RailTicks({ head, marks }: RailTicksProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (canvas.current === null || !context) return;
    const ratio = window.devicePixelRatio;
    canvas.current.width = width * ratio;
    canvas.current.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    // The taller ones last: trouble is never hidden behind what is usual.
    for (const look of ['system', 'asked', 'trouble'] as const) {
      const tick = ticks[look];
      context.fillStyle = colours[tick.colour] ?? 'gray';
      for (const [position, mark] of marks) {
        if (mark.look !== look) continue;
        const x = head <= 1 ? width : ((position - 1) / (head - 1)) * width;
        context.fillRect(Math.round(x) - 1, (height - tick.height) / 2, 2, tick.height);
      }
    }
  }, [width, head, marks, colours]);
  return (
    <div ref={frame} className="rail-ticks" aria-hidden="true">
      <canvas ref={canvas} style={{ width, height }} />
    </div>
  );
}
