/** Plays the coordinator to a pool sync: publishes pools of one group as it would, and gathers what comes back. */
import type { BalancerId, FleetId, GroupId, LogId } from '../../schemas/ids.ts';
import type { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { Applied } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions } from '../../src/nats/stream-definitions.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { addDigests } from '../../src/wire/pool-digest.ts';
import { eventually } from './eventually.ts';
import type { HttpBackend } from './http-backend.ts';
import { ensureReached, openBus } from './nats-bus.ts';
import { natsReplicas } from './nats-choice.ts';

const log = 'log-of-test' as LogId;
const timeoutMs = 5_000;

export interface PoolPublisher {
  /** Entries, those that left marked as gone, then the revision that closes them. */
  publish(group: GroupId, position: number, entries: readonly Partial<PoolEntry>[]): Promise<void>;
  /** The newest receipt for that position. */
  receipt(group: GroupId, position: number, fits?: (receipt: Applied) => boolean): Promise<Applied>;
  /** Forgets what came so far. */
  forget(): void;
  close(): Promise<void>;
}

export async function openPublisher(options: {
  readonly url: string;
  readonly fleet: FleetId;
  readonly balancer: BalancerId;
}): Promise<PoolPublisher> {
  const { url, fleet, balancer } = options;
  const bus = await openBus(url, 'coordinator');
  await ensureReached(bus, streamDefinitions(fleet, { replicas: natsReplicas() }).pools);
  let receipts: Applied[] = [];
  bus.subscribe({
    subject: subjects.allApplied(fleet),
    onMessage: ({ data }) => receipts.push(decodeMessage(Applied, data, 'a receipt')),
  });
  answerRegistrations(bus, fleet, balancer);
  const lastByGroup = new Map<GroupId, readonly PoolEntry[]>();
  return {
    async publish(group, position, given) {
      const stamp = { log, term: 1, position };
      const there = given.map((fields) => ({ ...stamp, group, weight: 100, admin: 'ready', ...fields }) as PoolEntry);
      const left = (lastByGroup.get(group) ?? []).filter((old) => !there.some(({ server }) => server === old.server));
      lastByGroup.set(group, there);
      const entries = [...there, ...left.map((old) => ({ ...old, ...stamp, admin: 'gone' }) as PoolEntry)];
      for (const entry of entries) {
        const subject = subjects.poolEntry(fleet, group, entry.server);
        await bus.store({ subject, data: encodeMessage(entry), timeoutMs });
      }
      const counted = there.map((entry) => encodeMessage(entry));
      const closed: PoolRevision = { ...stamp, group, size: counted.length, digest: addDigests(counted) };
      await bus.store({ subject: subjects.poolRevision(fleet, group), data: encodeMessage(closed), timeoutMs });
    },
    receipt(group, position, fits = () => true) {
      const find = () => receipts.findLast((one) => one.group === group && one.position === position && fits(one));
      return eventually(find, { timeoutMs: 20_000, what: `a receipt of ${group} for position ${position}` });
    },
    forget() {
      receipts = [];
    },
    close: () => bus.close(),
  };
}

export function entryOf({ name, address }: Pick<HttpBackend, 'name' | 'address'>): Partial<PoolEntry> {
  return { server: name as PoolEntry['server'], address };
}

function answerRegistrations(bus: Bus, fleet: FleetId, balancer: BalancerId): void {
  const head = { log, term: 1, position: 1, id: 'register', repeated: false, safeToRepeat: true };
  const rejection = { code: 'unchanged', message: 'registered already' };
  bus.subscribe({
    subject: `muster.${fleet}.do.bal_${balancer}.balancer.register`,
    onMessage: (message) => message.respond(encodeMessage({ ...head, status: 'rejected', rejection })),
  });
}
