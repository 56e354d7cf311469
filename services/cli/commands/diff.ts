/** `muster diff` */
import type { Command } from 'commander';
import type { GroupName } from '../../../schemas/ids.ts';
import type { Instant } from '../../../src/audit/as-of.ts';
import { exitCodes } from '../exit-codes.ts';
import { momentAt, withHistory } from '../history.ts';
import { instant } from '../instant.ts';

interface DiffOptions {
  readonly group?: string;
  readonly file?: string;
}

export function addDiff(program: Command): void {
  program
    .command('diff')
    .summary('what changed between two positions or times')
    .description(
      'What changed between two instants: members, versions, policies, pools. An instant is a position (1200), a time\n' +
        '(2026-03-01T12:00:00Z) or how long ago (15m).',
    )
    .argument('<a>', 'the earlier instant', instant)
    .argument('<b>', 'the later instant', instant)
    .option('--group <group>', 'only what is about this group')
    .option('--file <export>', 'read an exported log instead of the fleet')
    .action((a: Instant, b: Instant, options: DiffOptions, command: Command) => show(command, { a, b }, options));
}

async function show(
  command: Command,
  { a, b }: { a: Instant; b: Instant },
  { group, file }: DiffOptions,
): Promise<void> {
  await withHistory(command, file, async (history) => {
    const { diff } = await import('../../../src/audit/diff.ts');
    const { diffLines } = await import('../../../src/audit/diff-text.ts');
    const before = await momentAt(history, a);
    const after = await momentAt(history, b);
    const changes = diff(before.state, after.state, group === undefined ? {} : { group: group as GroupName });
    const ends = { from: { position: before.position, at: before.at }, to: { position: after.position, at: after.at } };
    await history.output.data({ ...ends, changes }, (paint) => {
      if (changes.length === 0) return paint.dim('nothing changed');
      const colour = { '+': paint.green, '-': paint.red, '~': paint.yellow };
      return diffLines(changes)
        .map((line) => `${colour[line[0] as '+' | '-' | '~'](line.slice(0, 1))}${line.slice(1)}`)
        .join('\n');
    });
    return exitCodes.done;
  });
}
