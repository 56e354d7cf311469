/** What nothing of ours can beat: the least that NATS itself asks for the same thing, by the library alone. */
import { measured, quantile, type Side, withInFlight } from './harness.ts';
import { type RawNats, rawStream } from './raw-nats.ts';
import type { Prepared } from './sample-log.ts';

const unfencedInFlight = 64;

/** One command a message, 64 in flight, no expectation: the most a log without group commit could take. */
export function unfencedStore(raw: RawNats, pid: number, events: readonly Prepared[]): Side {
  const count = events.length;
  return {
    name: 'one command a message, 64 in flight, unfenced',
    unit: 'commands/s',
    async run(repetition) {
      const subject = `bench.unfenced.${repetition + 1}`;
      await rawStream(raw, `UNFENCED_${repetition + 1}`, [subject]);
      const { wallMs, cpuMicroseconds } = await measured([pid], () =>
        withInFlight(count, unfencedInFlight, async (index) => {
          const prepared = events[index];
          if (prepared !== undefined) await raw.store(subject, prepared.encoded);
        }),
      );
      return { value: count / (wallMs / 1_000), operations: count, cpuMicroseconds };
    },
  };
}

/** A request and its answer between two connections, p50 in milliseconds: the least a message there and back takes. */
export function coreRoundTrip(asker: RawNats, answerer: RawNats, pid: number, count: number): Side {
  answerer.connection.subscribe('bench.echo', { callback: (_error, message) => void message.respond(message.data) });
  return {
    name: 'core NATS round trip, p50',
    unit: 'ms',
    async run() {
      await answerer.connection.flush();
      const data = new Uint8Array(250);
      const latencies: number[] = [];
      const { cpuMicroseconds } = await measured([pid], async () => {
        for (let index = 0; index < count; index += 1) {
          const beganAt = performance.now();
          await asker.connection.request('bench.echo', data, { timeout: 5_000 });
          latencies.push(performance.now() - beganAt);
        }
      });
      return { value: quantile(latencies, 0.5), operations: count, cpuMicroseconds };
    },
  };
}
