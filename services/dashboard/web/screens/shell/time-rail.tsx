/**
 * The log as a line along the foot of every screen, one step a position, its newest at the right. Dragged or stepped
 * back, it turns the screen above it into how it was; at its end it is now again.
 */
import { useEffect, useRef, useState } from 'react';
import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components';
import { IconButton, Button } from '../../components/button.tsx';
import { momentText } from '../../components/time-text.ts';
import { goTo, useAt } from '../../data/place.ts';
import { useRail, type RailMark } from './rail-marks.ts';
import { RailTicks } from './rail-ticks.tsx';

/** While the thumb is dragged the screens follow at most so often: each instant is read from the server. */
const followMs = 90;

export function TimeRail() {
  const at = useAt();
  const { head, marks } = useRail(at);
  const [dragged, setDragged] = useState<number | null>(null);
  const follow = useThrottled((position: number) => goTo(position >= head ? null : position, { replace: true }));
  const shown = dragged ?? at ?? head;
  const step = (by: number) => {
    const to = Math.max(1, shown + by);
    goTo(to >= head ? null : to, { replace: at !== null });
  };
  return (
    <section className="rail" aria-label="Time">
      <div className="rail-steps">
        <IconButton label="One event back" size="small" onPress={() => step(-1)}>
          ◂
        </IconButton>
        <IconButton label="One event on" size="small" onPress={() => step(1)}>
          ▸
        </IconButton>
      </div>
      <Slider
        className="rail-slider"
        minValue={Math.min(1, head)}
        maxValue={Math.max(1, head)}
        value={shown}
        onChange={(position) => {
          setDragged(position);
          follow(position);
        }}
        onChangeEnd={(position) => {
          setDragged(null);
          goTo(position >= head ? null : position, { replace: at !== null });
        }}
      >
        <Label className="unseen">Instant shown, as a position of the log</Label>
        <SliderTrack className="rail-track">
          <RailTicks head={head} marks={marks} />
          <SliderThumb className="rail-thumb" />
        </SliderTrack>
        <SliderOutput className="unseen">{shown >= head ? `now, position ${head}` : `position ${shown}`}</SliderOutput>
      </Slider>
      <RailWords shown={shown} head={head} mark={marks.get(shown)} />
      <div className="rail-now">
        {shown >= head ? (
          <span className="rail-live">Now</span>
        ) : (
          <Button size="small" look="primary" onPress={() => goTo(null)}>
            Now
          </Button>
        )}
      </div>
    </section>
  );
}

interface RailWordsProps {
  readonly shown: number;
  readonly head: number;
  readonly mark: RailMark | undefined;
}

function RailWords({ shown, head, mark }: RailWordsProps) {
  return (
    <p className="rail-words">
      <span className="mono numeric">
        {shown}
        <span className="faint"> / {head}</span>
      </span>
      <span className="cut" title={mark?.text}>
        {mark === undefined ? '' : `${momentText(mark.at)}  ${mark.text}`}
      </span>
    </p>
  );
}

/** Calls at once, then at most once in a while, and always with the last word. */
function useThrottled(run: (position: number) => void): (position: number) => void {
  const latest = useRef(run);
  latest.current = run;
  const waiting = useRef<number | undefined>(undefined);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (position) => {
    waiting.current = position;
    if (timer.current !== undefined) return;
    latest.current(position);
    waiting.current = undefined;
    timer.current = window.setTimeout(() => {
      timer.current = undefined;
      if (waiting.current !== undefined) latest.current(waiting.current);
      waiting.current = undefined;
    }, followMs);
  };
}
