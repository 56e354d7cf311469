/** `npm run bench:screens`: how long a change takes to a screen; `-- 10000`: a group of so many servers, to look at and to use. */
import { measureArrival } from './arrival.ts';
import { measureLargeGroup } from './large-group.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const size = Number(process.argv[2] ?? 0);
if (size > 0) await measureLargeGroup(size, say);
else await measureArrival(say);
