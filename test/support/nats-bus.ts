/** A bus, and streams with names of their own, for tests against a real server. */
import { randomBytes } from 'node:crypto';
import type { Bus, StoredMessage, StreamDefinition, StreamStatus } from '../../src/nats/bus.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';
import { eventually } from './eventually.ts';
import { natsReplicas } from './nats-choice.ts';

export function openBus(url: string, principal = 'tester'): Promise<Bus> {
  return connectBus({ url, principal, clock: systemClock });
}

/** Unlike every other, so that tests may share a server. */
export function uniqueName(what: string): string {
  return `${what}-${randomBytes(5).toString('hex')}`;
}

export function testStream(name: string, changes: Partial<StreamDefinition> = {}): StreamDefinition {
  return {
    name,
    subjects: [`${name}.>`],
    maxMessagesPerSubject: -1,
    discard: 'new',
    denyDelete: false,
    denyPurge: false,
    allowRollup: false,
    maxBytes: 64 * 1024 * 1024,
    maxAgeMs: 0,
    maxMessageBytes: -1,
    replicas: natsReplicas(),
    ...changes,
  };
}

/** More than any stream of a test holds. */
const neverLast = 2 ** 40;

/**
 * The stream, from when the server of this bus hands messages on to it: of a cluster one server may have made it before
 * the others have heard of it, and what is stored by way of those finds nobody.
 */
export async function ensureReached(bus: Bus, definition: StreamDefinition): Promise<StreamStatus> {
  const status = await bus.ensureStream(definition);
  const subject = (definition.subjects[0] ?? '').replaceAll(/[*>]/g, 'probe');
  // Refused by whoever holds the stream, so that nothing is left of it.
  const probe = { subject, data: bytesOf(''), timeoutMs: 5_000, expect: { lastSequence: neverLast } };
  const isReached = async () => {
    try {
      return (await bus.store(probe)).status === 'conflict';
    } catch (error) {
      // By a stream that takes no message of any size, for one.
      return error instanceof Failure && !error.retryable;
    }
  };
  await eventually(isReached, { what: `stream ${definition.name} to be reached` });
  return status;
}

/** The next `count` messages; the iterator stays open. */
export async function take(messages: AsyncIterator<StoredMessage>, count: number): Promise<StoredMessage[]> {
  const taken: StoredMessage[] = [];
  while (taken.length < count) {
    const { value, done } = await messages.next();
    if (done) throw new Error(`ended after ${taken.length} of ${count} messages`);
    taken.push(value);
  }
  return taken;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}
