/** `npm run bench:screens`: how long a change takes to a screen; with a number, how a group of so many servers is to use. */
import { measureArrival } from './arrival.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
await measureArrival(say);
