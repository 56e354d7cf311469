/**
 * A coordinator in a process of its own, as it runs in earnest: the load must not share its event loop. Asked for its
 * heap, it collects what is garbage and answers with what is left, in bytes.
 */
import { runCoordinator } from '../../services/coordinator/run.ts';
import { FleetId } from '../../schemas/ids.ts';
import { heapInUse } from './heap.ts';

const [natsUrl, dataDirectory] = process.argv.slice(2);
if (natsUrl === undefined || dataDirectory === undefined) throw new Error('usage: coordinator-process URL FOLDER');
process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.(heapInUse()));
const beganAt = performance.now();
const running = await runCoordinator({
  natsUrl,
  fleets: [FleetId.parse('main')],
  dataDirectory,
  allowNotDurable: true,
});
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
process.send?.(performance.now() - beganAt);
await running.ended;
