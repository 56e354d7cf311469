/**
 * A share of a fleet's agents in one process: `agents-process URL FIRST COUNT BEAT_MS`. The same process holds what the floor asks
 * of as many: a subscription each, and a reply.
 */
import { FleetId } from '../../schemas/ids.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { startPlayedAgent } from './played-agents.ts';
import { rawNats } from './raw-nats.ts';

const [url, first, count, beatIntervalMs] = process.argv.slice(2);
if (url === undefined || beatIntervalMs === undefined) throw new Error('usage: agents-process URL FIRST COUNT BEAT_MS');
const fleet = FleetId.parse('main');
const bus = await connectBus({ url, principal: 'bench-agents', clock: systemClock });
const raw = await rawNats(url);
process.on('disconnect', () => process.exit(0));

const reply = new Uint8Array(100);
for (let index = Number(first); index < Number(first) + Number(count); index += 1) {
  raw.connection.subscribe(`bench.unicast.${index}`, { callback: (_error, message) => void message.respond(reply) });
}
await raw.connection.flush();
for (let index = Number(first); index < Number(first) + Number(count); index += 1) {
  await startPlayedAgent(bus, { fleet, index, beatIntervalMs: Number(beatIntervalMs) });
}
process.send?.('ready');
