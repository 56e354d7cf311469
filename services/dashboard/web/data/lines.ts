/** The newest lines of the log since the page was opened: what the feed at the side of a screen shows. Bounded. */
import { useSyncExternalStore } from 'react';
import type { Line } from './shapes.ts';

/** More than any screen shows at once. */
const keptMax = 300;
/** The feed is drawn at most so often, however much happens. */
const drawMs = 60;

let lines: readonly Line[] = [];
let coming: Line[] = [];
let isDue = false;
const listeners = new Set<() => void>();

export function addLine(line: Line): void {
  coming.push(line);
  if (isDue) return;
  isDue = true;
  setTimeout(draw, drawMs);
}

/** Newest first. */
export function useLines(): readonly Line[] {
  return useSyncExternalStore(subscribe, () => lines);
}

function draw(): void {
  isDue = false;
  lines = [...coming.reverse(), ...lines].slice(0, keptMax);
  coming = [];
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
