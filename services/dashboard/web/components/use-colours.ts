/** The tokens' colours as a canvas needs them, worked out by the browser; new ones when theme or time changes. */
import { useSyncExternalStore } from 'react';
import { lookByMark } from './status.ts';

export type Colours = Readonly<Record<string, string>>;

const names = [
  ...new Set(Object.values(lookByMark).map(({ colour }) => colour)),
  'accent',
  'danger',
  'line',
  'line-strong',
  'text-faint',
  'past-fill',
];
const listeners = new Set<() => void>();
let colours: Colours | undefined;

function forget(): void {
  colours = undefined;
  for (const listener of listeners) listener();
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', forget);
new MutationObserver(forget).observe(document.documentElement, { attributeFilter: ['data-theme', 'data-time'] });

export function useColours(): Colours {
  return useSyncExternalStore(subscribe, read);
}

function read(): Colours {
  if (colours !== undefined) return colours;
  const probe = document.createElement('span');
  document.body.append(probe);
  const entries = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  colours = Object.fromEntries(entries);
  return colours;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
