/** Reads pools whole by direct get, walking from subject to subject: a balancer needs no consumer, so no right to one. */
import { type FleetId, GroupId } from '../../schemas/ids.ts';
import { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus, StoredMessage } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import { decodeMessage } from '../wire/message.ts';
import { type HeardEntry, heardEntry } from './held-pool.ts';

/** A direct get is answered from memory in well under a millisecond; a busy cluster and a far one take longer. */
const getTimeoutMs = 5_000;
/** Messages in one walk: ten times the largest pool meant. Past it, something keeps writing faster than we read. */
const walkMax = 100_000;

export interface PoolPlace {
  readonly bus: Bus;
  readonly stream: string;
  readonly fleet: FleetId;
}

/** All entries, then the revision: one that is read last cannot be older than what it closed. */
export async function readPool(
  place: PoolPlace,
  group: GroupId,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly HeardEntry[]; readonly revision: PoolRevision | undefined }> {
  const entries: HeardEntry[] = [];
  const filter = `muster.${place.fleet}.pool.${group}.server.*`;
  for await (const { data } of walk(place, filter, signal)) {
    entries.push(heardEntry(decodeMessage(PoolEntry, data, 'a pool entry'), data));
  }
  return { entries, revision: await readRevision(place, group) };
}

export async function readRevision(
  { bus, stream, fleet }: PoolPlace,
  group: GroupId,
): Promise<PoolRevision | undefined> {
  const lastOf = subjects.poolRevision(fleet, group);
  const message = await bus.get({ stream, lastOf }, 'any', getTimeoutMs);
  return message === undefined || message.data.length === 0
    ? undefined
    : decodeMessage(PoolRevision, message.data, 'a pool revision');
}

/** Every group that has a pool revision now, by its subject: one that is no revision holds up no other group. */
export async function readGroups(place: PoolPlace, signal: AbortSignal): Promise<GroupId[]> {
  const groups: GroupId[] = [];
  for await (const { subject } of walk(place, subjects.allPoolRevisions(place.fleet), signal)) {
    const group = GroupId.safeParse(subject.split('.')[3]);
    if (group.success) groups.push(group.data);
  }
  return groups;
}

async function* walk(place: PoolPlace, filter: string, signal: AbortSignal): AsyncGenerator<StoredMessage> {
  let from = 1;
  for (let at = 0; at < walkMax; at += 1) {
    if (signal.aborted) throw new Failure({ code: 'aborted', retryable: false, message: 'stopped while reading' });
    const message = await place.bus.get({ stream: place.stream, from, filter }, 'any', getTimeoutMs);
    if (message === undefined) return;
    // Empty bytes stand for what was cleared.
    if (message.data.length > 0) yield message;
    from = message.sequence + 1;
  }
  throw new Failure({ code: 'overloaded', retryable: true, message: `${filter} never came to its end` });
}
