/**
 * One group's pool as it is being heard: entries and revisions in any order, with gaps and repeats. Says when they
 * make a whole. Pure but for its own maps: no clock, no I/O.
 */
import { compareStamps, type GroupId, type ServerId, type Stamp } from '../../schemas/ids.ts';
import type { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import type { DesiredPool, PoolServer } from '../balancers/balancer.ts';
import { addDigests } from '../wire/pool-digest.ts';

export interface HeardEntry {
  readonly entry: PoolEntry;
  /** As stored: the digest is over these, never over a re-encoding. */
  readonly bytes: Uint8Array;
}

/** Copies the bytes, which are a view on the connection's buffer. */
export function heardEntry(entry: PoolEntry, bytes: Uint8Array): HeardEntry {
  return { entry, bytes: bytes.slice() };
}

export type Wholeness = { readonly status: 'whole' } | { readonly status: 'partial'; readonly why: string };

/** Whether these entries are exactly what the revision closed. */
export function wholeness(entries: readonly HeardEntry[], revision: PoolRevision): Wholeness {
  const newer = entries.find(({ entry }) => entry.log !== revision.log || compareStamps(entry, revision) > 0);
  if (newer !== undefined) {
    return {
      status: 'partial',
      why: `the entry of ${newer.entry.server} is of another revision, still being published`,
    };
  }
  const counted = entries.filter(({ entry }) => entry.admin !== 'gone');
  if (counted.length !== revision.size) {
    return { status: 'partial', why: `${counted.length} entries where the revision closed ${revision.size}` };
  }
  const digest = addDigests(counted.map((heard) => heard.bytes));
  if (digest !== revision.digest) return { status: 'partial', why: 'the entries are not those the revision closed' };
  return { status: 'whole' };
}

/** What the balancer is to hold, sorted by server. */
export function desiredPool(group: GroupId, entries: readonly HeardEntry[]): DesiredPool {
  const servers: PoolServer[] = [];
  for (const { entry } of entries) {
    const { server, address, weight, admin } = entry;
    if (admin !== 'gone') servers.push({ server, address, weight, admin });
  }
  return { group, servers: servers.sort((a, b) => (a.server < b.server ? -1 : 1)) };
}

export class HeldPool {
  readonly #entryByServer = new Map<ServerId, HeardEntry>();
  #revision: PoolRevision | undefined;

  get entries(): readonly HeardEntry[] {
    return [...this.#entryByServer.values()];
  }

  /** The newest heard, of whatever log was accepted. */
  get revision(): PoolRevision | undefined {
    return this.#revision;
  }

  /** Takes an entry in unless a newer one of the same log is held. */
  hearEntry(heard: HeardEntry): void {
    const held = this.#entryByServer.get(heard.entry.server)?.entry;
    if (held === undefined || isNewer(heard.entry, held)) this.#entryByServer.set(heard.entry.server, heard);
  }

  /** Takes a revision in unless a newer one of the same log is held; false: it is older, or the same. */
  hearRevision(revision: PoolRevision): boolean {
    if (this.#revision !== undefined && !isNewer(revision, this.#revision)) return false;
    this.#revision = revision;
    return true;
  }

  /** Puts what was read in one go in the place of what was heard: a server missing from it is gone. */
  replaceEntries(entries: readonly HeardEntry[]): void {
    this.#entryByServer.clear();
    for (const heard of entries) this.#entryByServer.set(heard.entry.server, heard);
  }

  /** Lets go of tombstones: servers come and go for years, and whoever is not named here is gone as well. */
  forgetGone(): void {
    for (const [server, { entry }] of this.#entryByServer)
      if (entry.admin === 'gone') this.#entryByServer.delete(server);
  }
}

/** Another log is always taken as newer here: whether it is believed is decided where it is applied. */
function isNewer(a: Stamp, b: Stamp): boolean {
  return a.log !== b.log || compareStamps(a, b) > 0;
}

/** The pool as a balancer is given it: with the revision it stands for, and nothing else of the caller's. */
export function stampedPool(
  { group, servers }: DesiredPool,
  { term, position }: Pick<Stamp, 'term' | 'position'>,
): DesiredPool {
  return { group, servers, version: `${term}.${position}` };
}
