/**
 * `npm run bench`, `npm run bench -- row 3 row 4`, or `npm run bench -- scale` for fleets of up to ten thousand: prints rows
 * of the table of performance, measured here and now.
 */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { textOf } from './report.ts';
import { rows } from './rows.ts';

const words = process.argv.slice(2).filter((word) => word !== 'row');
const asked = words.map(Number);
let broken = 0;
const known = new Set(
  rows.flatMap(({ number, onlyAs }) => (onlyAs === undefined ? [`${number}`] : [`${number}`, onlyAs])),
);
const unknown = words.filter((word) => !known.has(word));
if (unknown.length > 0 || (words.length === 0 && process.argv.length > 2)) {
  const what = unknown.length === 0 ? 'row which?' : `no such row: ${unknown.map((word) => `"${word}"`).join(', ')};`;
  process.stderr.write(`${what} there are ${[...known].join(', ')}, as in: npm run bench -- row 3 row 4\n`);
  process.exit(1);
}
// Timers of ours keep no process alive, and a row may wait for nothing else.
setInterval(() => undefined, 2 ** 30);
// A load that is not ours spoils the figures: whoever reads them should see it.
const load = loadavg()[0]?.toFixed(1);
process.stdout.write(
  `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}, load before: ${load}\n\n`,
);
for (const row of rows) {
  const isAsked =
    asked.includes(row.number) || (row.onlyAs === undefined ? words.length === 0 : words.includes(row.onlyAs));
  if (!isAsked) continue;
  const beganAt = performance.now();
  try {
    for (const line of await row.run()) process.stdout.write(`${textOf(row, line)}\n`);
  } catch (error) {
    broken += 1;
    process.stdout.write(
      `row ${row.number}  ${row.title}\n        broken: ${error instanceof Error ? error.stack : error}\n`,
    );
  }
  process.stdout.write(`        (${((performance.now() - beganAt) / 1_000).toFixed(0)} s)\n\n`);
}
process.exit(broken === 0 ? 0 : 1);
