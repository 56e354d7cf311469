/** A coordinator in a process of its own, as it runs in earnest: the load must not share its event loop. */
import { runCoordinator } from '../../services/coordinator/run.ts';
import { FleetId } from '../../schemas/ids.ts';

const [natsUrl, dataDirectory] = process.argv.slice(2);
if (natsUrl === undefined || dataDirectory === undefined) throw new Error('usage: coordinator-process URL FOLDER');
const running = await runCoordinator({
  natsUrl,
  fleets: [FleetId.parse('main')],
  dataDirectory,
  allowNotDurable: true,
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
await running.ended;
