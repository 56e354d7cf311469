import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock } from '../../src/std/clock.ts';
import { ensureReached, openBus, testStream, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { logContract } from './eventlog.contract.ts';

let server: NatsServer | undefined;
let bus: Bus;

logContract({
  name: 'on JetStream',
  async start() {
    server = await startNats();
    bus = await openBus(server.url);
  },
  async stop() {
    await bus?.close();
    await server?.stop();
  },
  async open() {
    const stream = uniqueName('log');
    const subject = `${stream}.records`;
    await ensureReached(bus, testStream(stream, { subjects: [subject], denyDelete: true, denyPurge: true }));
    return jetstreamLog({ bus, stream, subject, clock: systemClock });
  },
});
