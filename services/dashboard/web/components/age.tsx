/** How long ago, or how long until: one clock for the whole page, so that nothing ticks on its own. */
import { useSyncExternalStore } from 'react';
import { clockText, durationText } from './time-text.ts';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

/** Milliseconds since the epoch, moving once a second while somebody looks. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

export interface AgeProps {
  readonly at: number;
  /** The instant to count from. Default: now. */
  readonly from?: number | undefined;
}

export function Age({ at, from }: AgeProps) {
  const current = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={clockText(at)} className="numeric">
      {durationText(Math.max(0, (from ?? current) - at))}
    </time>
  );
}

/** Counts down to an instant, and says so once it has passed. */
export function Countdown({ at }: { readonly at: number }) {
  const left = at - useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={clockText(at)} className="numeric">
      {left > 0 ? `in ${durationText(left)}` : 'due'}
    </time>
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = window.setInterval(tick, 1_000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}
