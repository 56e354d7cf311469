/** Whether all who fold the log hold the same fleet, to the last field, once everybody has read to its end. */
import { freezeState } from '../../../src/snapshots/frozen-state.ts';
import type { World } from '../world/world.ts';

export function divergedIn({ coordinators, truth }: World): string[] {
  const wanted = JSON.stringify(freezeState(truth.state));
  const diverged: string[] = [];
  for (const { name, coordinator } of coordinators) {
    if (coordinator === undefined) continue;
    const held = JSON.stringify(freezeState(coordinator.state));
    if (held === wanted) continue;
    const at = [...held].findIndex((letter, index) => letter !== wanted[index]);
    const around = (text: string) => text.slice(Math.max(0, at - 80), at + 80);
    diverged.push(`${name} holds another fleet than the log gives: …${around(held)}… is not …${around(wanted)}…`);
  }
  return diverged;
}
