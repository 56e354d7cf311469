/** Changes as lines for people: `+` came, `-` went, `~` is another now. Pure. */
import { changeText } from '../../schemas/change-text.ts';
import type { Change } from './diff.ts';

/** One line a change, such as `~ edge: deployment orders: version 1.2 → 1.3`. */
export function diffLines(changes: readonly Change[]): string[] {
  return changes.map((change) => {
    const sign = change.before === null ? '+' : change.after === null ? '-' : '~';
    return `${sign} ${changeText(change)}`;
  });
}
