/**
 * Programs with one thing wrong, made by changing what they hear from NATS or say to it: never by a word in the
 * program itself. Each stands for a mistake somebody could make, and each must be found out.
 */
import type { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus, PublishOutcome, StoredMessage } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { recordHash } from '../../src/eventlog/record-codec.ts';
import { decode, encode } from '../../src/wire/codec.ts';
import { addDigests } from '../../src/wire/pool-digest.ts';
import { but } from '../support/but.ts';
import { fleet } from './world/stage.ts';
import type { Mutation } from './world/world.ts';

type Store = Parameters<Bus['store']>[0];
const log = subjects.log(fleet);
const names = streamNames(fleet);

function appends(change: (bus: Bus, append: Store) => Promise<PublishOutcome>): Mutation {
  return {
    coordinator: (bus) => but(bus, { store: (one) => (one.subject === log ? change(bus, one) : bus.store(one)) }),
  };
}

const appendsInFlightMax = 64;

export const mutants = {
  /** Up to 64 appends in flight: each counts as done as soon as it is sent. */
  'append depth 64': {
    coordinator: (bus) => {
      let inFlight = 0;
      const store = async (one: Store): Promise<PublishOutcome> => {
        if (one.subject !== log || inFlight >= appendsInFlightMax) return bus.store(one);
        inFlight += 1;
        const sent = bus.store(one);
        sent.catch(() => undefined).finally(() => (inFlight -= 1));
        return { status: 'stored', sequence: (one.expect?.lastSequence ?? 0) + 1, duplicate: false };
      };
      return but(bus, { store });
    },
  },
  /** After an unknown outcome no barrier is appended: that the record never lands is taken for granted. */
  'barrier removed': appends(async (bus, one) => {
    const { events } = decode(one.data) as { events: readonly unknown[] };
    if (events.length > 0) return bus.store(one);
    const slot = (one.expect?.lastSequence ?? 0) + 1;
    const taken = await bus.get({ stream: names.log, sequence: slot }, 'leader', one.timeoutMs);
    return taken === undefined ? { status: 'stored', sequence: slot, duplicate: false } : { status: 'conflict' };
  }),
  /** An append that is answered as a duplicate counts as stored. */
  'duplicate answers believed': appends(async (bus, one) => {
    const outcome = await bus.store(one);
    return outcome.status === 'stored' ? { ...outcome, duplicate: false } : outcome;
  }),
  /** An append that is not answered in time counts as stored. */
  'silence believed': appends(async (bus, one) => {
    try {
      return await bus.store(one);
    } catch {
      return { status: 'stored', sequence: (one.expect?.lastSequence ?? 0) + 1, duplicate: false };
    }
  }),
  /** Appends carry no expectation. */
  'fence removed': appends(async (bus, { expect: _, ...one }) => bus.store(one)),
  /** Each record is taken for the one behind the record before it, whatever it says. */
  'hash check skipped': { coordinator: withoutHashCheck },
  /** Whoever reads what another has written takes one weight for another. */
  'fold diverged': {
    coordinator: (bus) => {
      const read: Bus['read'] = async function* (options) {
        for await (const message of bus.read(options)) {
          yield options.stream === names.log ? { ...message, data: misread(message.data) } : message;
        }
      };
      return withoutHashCheck(but(bus, { read }));
    },
  },
  /** Whatever entries were read count as the pool that was closed. */
  'shrunken pool applied': {
    balancer: (bus) => {
      const read = new Map<string, Uint8Array[]>();
      const get: Bus['get'] = async (query, from, timeoutMs) => {
        const message = await bus.get(query, from, timeoutMs);
        if (query.stream !== names.pools) return message;
        if ('filter' in query && query.from === 1) read.set(groupOf(query.filter), []);
        if (message === undefined || message.data.length === 0) return message;
        if (message.subject.endsWith('.revision')) return { ...message, data: closing(message.data, read) };
        if ((decode(message.data) as PoolEntry).admin !== 'gone') {
          read.get(groupOf(message.subject))?.push(message.data);
        }
        return message;
      };
      // Nothing but what is read is believed, so that it is always read.
      const subscribe: Bus['subscribe'] = ({ subject, ...options }) =>
        bus.subscribe({ ...options, subject: subject.startsWith(`muster.${fleet}.pool.`) ? 'nowhere' : subject });
      return but(bus, { get, subscribe });
    },
  },
} satisfies Record<string, Mutation>;

export type MutantName = keyof typeof mutants;

function withoutHashCheck(bus: Bus): Bus {
  const handed = new Map<number, Uint8Array>();
  const mend = <T extends StoredMessage>(message: T): T => {
    const record = decode(message.data) as { previousHash: Uint8Array };
    const before = handed.get(message.sequence - 1);
    const wanted = before === undefined ? record.previousHash : recordHash(before);
    const isLinked = Buffer.compare(wanted, record.previousHash) === 0;
    const data = isLinked ? message.data : encode({ ...record, previousHash: wanted });
    handed.set(message.sequence, data);
    return { ...message, data };
  };
  const read: Bus['read'] = async function* (options) {
    for await (const message of bus.read(options)) yield options.stream === names.log ? mend(message) : message;
  };
  const get: Bus['get'] = async (query, from, timeoutMs) => {
    const message = await bus.get(query, from, timeoutMs);
    const data = query.stream === names.log && message !== undefined ? handed.get(message.sequence) : undefined;
    return message === undefined || data === undefined ? message : { ...message, data };
  };
  return but(bus, { read, get });
}

function misread(data: Uint8Array): Uint8Array {
  const record = decode(data) as { readonly events: readonly { type: string; data: object }[] };
  if (!record.events.some(({ type }) => type === 'server.configured')) return data;
  const events = record.events.map((event) =>
    event.type === 'server.configured' ? { ...event, data: { ...event.data, weight: 7 } } : event,
  );
  return encode({ ...record, events });
}

function groupOf(subject: string): string {
  return subject.split('.')[3] ?? '';
}

function closing(data: Uint8Array, read: ReadonlyMap<string, readonly Uint8Array[]>): Uint8Array {
  const revision = decode(data) as PoolRevision;
  const entries = read.get(revision.group) ?? [];
  return encode({ ...revision, size: entries.length, digest: addDigests([...entries]) });
}
