/** The collector, without Node having been started with a flag for it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Returns once everything that nobody holds is collected. */
export const collectGarbage = runInNewContext('gc') as () => void;
