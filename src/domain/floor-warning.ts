/** The floor binds absences, never people: a command may go below it, and the event then says so. */
import { shortfall } from './floor.ts';
import type { Group } from './state.ts';

/** What to warn of when a command takes so many serving servers out of the group's pool; empty when it may well. */
export function warnBelowFloor(group: Group, { at, taken }: { readonly at: number; readonly taken: number }): string[] {
  const short = shortfall(group, { at, taken });
  if (short === null) return [];
  const { left, size, floor } = short;
  return [
    `the pool of group "${group.name}" goes down to ${left} of ${size} servers, below its floor of ${floor}: by this explicit command`,
  ];
}
