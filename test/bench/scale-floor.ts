/** The least that telling so many servers something, hearing of each, and writing it down asks of NATS. */
import { measured, type Side, withInFlight } from './harness.ts';
import { rawStream } from './raw-nats.ts';
import type { ScaleFleet } from './scale-fleet.ts';

/** As many stored publishes as a coordinator has under way at once. */
const inFlight = 512;
const messageBytes = 250;
const answerTimeoutMs = 30_000;

/** A message to each server's own subject, its reply, and an append for each reply, unfenced and each by itself. */
export function storeFloor({ raw, nats, size }: Pick<ScaleFleet, 'raw' | 'nats' | 'size'>): Side {
  let created: Promise<void> | undefined;
  return {
    name: `unicast, reply and one append each, ${size} servers`,
    unit: 'ms',
    async run() {
      created ??= rawStream(raw, 'SCALE_FLOOR', ['bench.scale.floor']);
      await created;
      const data = new Uint8Array(messageBytes);
      const { wallMs, cpuMicroseconds } = await measured([nats.pid], () =>
        withInFlight(size, inFlight, async (index) => {
          const reply = await raw.connection.request(`bench.unicast.${index}`, data, { timeout: answerTimeoutMs });
          await raw.store('bench.scale.floor', reply.data);
        }),
      );
      return { value: wallMs, operations: size, cpuMicroseconds };
    },
  };
}
