/**
 * Where the page is: a path, and the instant it shows. The instant is part of the address, so that a link shows to
 * whoever gets it what its sender saw; every link inside the page keeps it.
 */
import { useSyncExternalStore } from 'react';

export interface Place {
  readonly path: string;
  /** A position of the log; null: now. */
  readonly at: number | null;
  readonly query: URLSearchParams;
}

const listeners = new Set<() => void>();
let place = currentPlace();

addEventListener('popstate', moved);

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, () => place);
}

/** The instant shown; null: now. */
export function useAt(): number | null {
  return useSyncExternalStore(subscribe, () => place.at);
}

export function placeNow(): Place {
  return place;
}

export interface GoOptions {
  /** Instead of a new entry in the browser's history: for what is dragged through. */
  readonly replace?: boolean;
}

/** To a path of this page, in the instant shown. */
export function go(path: string, options: GoOptions = {}): void {
  move(hrefOf(path), options);
}

/** The same screen at another instant. */
export function goTo(at: number | null, options: GoOptions = {}): void {
  const query = new URLSearchParams(location.search);
  if (at === null) query.delete('at');
  else query.set('at', String(at));
  move(query.size === 0 ? location.pathname : `${location.pathname}?${query}`, options);
}

/** The address of a path in the instant shown: what links carry, so that they open in a new tab as well. */
export function hrefOf(path: string): string {
  if (place.at === null || /[?&]at=/.test(path)) return path;
  return `${path}${path.includes('?') ? '&' : '?'}at=${place.at}`;
}

function move(href: string, { replace = false }: GoOptions): void {
  if (href === `${location.pathname}${location.search}`) return;
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  moved();
}

function moved(): void {
  place = currentPlace();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function currentPlace(): Place {
  const query = new URLSearchParams(location.search);
  const at = Number(query.get('at'));
  return { path: location.pathname, at: Number.isInteger(at) && at > 0 ? at : null, query };
}
