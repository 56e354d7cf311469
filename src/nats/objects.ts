/**
 * Immutable objects in NATS's own object-store format. Written and read by hand: the library overwrites, needs a
 * consumer to read, and hangs for ever where a chunk is missing.
 */
import { createHash } from 'node:crypto';
import { nuid } from 'nats';
import { Failure } from '../std/failure.ts';
import { apiTimeoutMs, demand } from './api.ts';
import type { Bus, ObjectBucket, StoredMessage } from './bus.ts';
import { get } from './get.ts';
import type { Link } from './link.ts';
import { type ObjectMeta, bucketNames, digestOf, encodeMeta, parseMeta } from './object-format.ts';
import { storeWith } from './store.ts';
import { ensureStream } from './streams.ts';

/** NATS's own default. */
const chunkBytes = 128 * 1024;
/** Chunks on their way at once while putting: 2 MiB fill a fast link and no buffer. */
const chunksInFlightMax = 16;
/** One chunk's ack, or one answer from the leader: an election may lie between. */
const stepTimeoutMs = 10_000;

export async function ensureBucket(link: Link, options: Parameters<Bus['ensureBucket']>[0]): Promise<void> {
  const { bucket, replicas, maxBytes } = options;
  const { stream, chunks, metas } = bucketNames(bucket);
  await ensureStream(link, {
    name: stream,
    subjects: [`${chunks}>`, `${metas}>`],
    maxMessagesPerSubject: -1,
    discard: 'new',
    denyDelete: false,
    denyPurge: false,
    allowRollup: true,
    maxBytes,
    maxAgeMs: 0,
    maxMessageBytes: -1,
    replicas,
  });
}

export function objectBucket(link: Link, bucket: string): ObjectBucket {
  return {
    put: (name, data) => put({ link, bucket }, name, data),
    get: (name, options) => read({ link, bucket }, name, options),
    list: () => list({ link, bucket }),
    remove: (name) => remove({ link, bucket }, name),
  };
}

interface Place {
  readonly link: Link;
  readonly bucket: string;
}

async function put({ link, bucket }: Place, name: string, data: Uint8Array): Promise<'stored' | 'present'> {
  const names = bucketNames(bucket);
  const before = await lastMeta({ link, bucket }, name);
  if (before !== undefined && before.meta.deleted !== true) return 'present';
  const id = nuid.next();
  const chunks = await putChunks(link, `${names.chunks}${id}`, data);
  const meta: ObjectMeta = {
    name,
    bucket,
    nuid: id,
    size: data.length,
    chunks,
    digest: digestOf(data),
    mtime: new Date(link.clock.now()).toISOString(),
    options: { max_chunk_size: chunkBytes },
  };
  // The fence makes it visible whole or not at all, and only where nobody was faster.
  const outcome = await storeWith(link, {
    subject: names.metaOf(name),
    data: encodeMeta(meta),
    timeoutMs: stepTimeoutMs,
    fields: { rollupSubject: true, expectedLastSubjectSequence: before?.sequence ?? 0 },
  });
  if (outcome.status === 'stored') return 'stored';
  await purgeChunks({ link, bucket }, id);
  return 'present';
}

async function putChunks(link: Link, subject: string, data: Uint8Array): Promise<number> {
  let chunks = 0;
  let under: Promise<unknown>[] = [];
  for (let at = 0; at < data.length; at += chunkBytes) {
    chunks += 1;
    const chunk = data.subarray(at, at + chunkBytes);
    under.push(storeWith(link, { subject, data: chunk, timeoutMs: stepTimeoutMs, fields: {} }));
    if (under.length < chunksInFlightMax) continue;
    await Promise.all(under);
    under = [];
  }
  await Promise.all(under);
  return chunks;
}

async function read({ link, bucket }: Place, name: string, options: Parameters<ObjectBucket['get']>[1]) {
  const { maxBytes, timeoutMs, signal } = options;
  const names = bucketNames(bucket);
  const { stream } = names;
  const deadlineAt = link.clock.monotonic() + timeoutMs;
  const ask = async (query: Parameters<typeof get>[1]['query']) => {
    if (signal?.aborted) {
      throw new Failure({ code: 'aborted', retryable: false, message: `stopped while reading ${name}` });
    }
    const leftMs = deadlineAt - link.clock.monotonic();
    if (leftMs <= 0) throw failure('timeout', `reading ${name} took more than ${timeoutMs} ms`);
    return get(link, { query, from: 'any', timeoutMs: leftMs });
  };
  const stored = await ask({ stream, lastOf: names.metaOf(name) });
  const meta = stored === undefined ? undefined : parseMeta(stored.data);
  if (meta === undefined || meta.deleted === true) throw failure('bundle-missing', `there is no object ${name}`);
  if (meta.size > maxBytes) throw failure('overloaded', `${name} has ${meta.size} bytes, more than ${maxBytes}`);
  const data = new Uint8Array(meta.size);
  const hash = createHash('sha256');
  let from = 1;
  for (let filled = 0; filled < meta.size; ) {
    const chunk: StoredMessage | undefined = await ask({ stream, from, filter: `${names.chunks}${meta.nuid}` });
    if (chunk === undefined) throw failure('bundle-missing', `${name} ends after ${filled} of ${meta.size} bytes`);
    if (chunk.data.length === 0 || filled + chunk.data.length > meta.size) {
      throw failure('bundle-invalid', `${name} has chunks of another size than its description says`);
    }
    data.set(chunk.data, filled);
    hash.update(chunk.data);
    filled += chunk.data.length;
    from = chunk.sequence + 1;
  }
  if (digestOf(hash) !== meta.digest)
    throw failure('bundle-invalid', `${name} does not have the digest ${meta.digest}`);
  return data;
}

async function list({ link, bucket }: Place): Promise<{ name: string; bytes: number }[]> {
  const { stream, metas } = bucketNames(bucket);
  const found: { name: string; bytes: number }[] = [];
  for (let from = 1; ; ) {
    const query = { stream, from, filter: `${metas}>` };
    const stored = await get(link, { query, from: 'leader', timeoutMs: stepTimeoutMs });
    if (stored === undefined) return found;
    const meta = parseMeta(stored.data);
    if (meta.deleted !== true) found.push({ name: meta.name, bytes: meta.size });
    from = stored.sequence + 1;
  }
}

/** Marks it as gone first, so that nobody starts to read what loses its chunks. */
async function remove({ link, bucket }: Place, name: string): Promise<void> {
  const before = await lastMeta({ link, bucket }, name);
  if (before === undefined) return;
  if (before.meta.deleted !== true) {
    const data = encodeMeta({ ...before.meta, deleted: true, size: 0, chunks: 0, digest: '' });
    const fields = { rollupSubject: true, expectedLastSubjectSequence: before.sequence };
    const subject = bucketNames(bucket).metaOf(name);
    const outcome = await storeWith(link, { subject, data, timeoutMs: stepTimeoutMs, fields });
    if (outcome.status === 'conflict') throw failure('conflict', `${name} was changed while it was removed`);
  }
  await purgeChunks({ link, bucket }, before.meta.nuid);
}

async function purgeChunks({ link, bucket }: Place, id: string): Promise<void> {
  const { stream, chunks } = bucketNames(bucket);
  await demand(link, { verb: `STREAM.PURGE.${stream}`, body: { filter: `${chunks}${id}` }, timeoutMs: apiTimeoutMs });
}

async function lastMeta({ link, bucket }: Place, name: string) {
  const { stream, metaOf } = bucketNames(bucket);
  const query = { stream, lastOf: metaOf(name) };
  const stored = await get(link, { query, from: 'leader', timeoutMs: stepTimeoutMs });
  return stored === undefined ? undefined : { meta: parseMeta(stored.data), sequence: stored.sequence };
}

function failure(code: 'timeout' | 'bundle-missing' | 'overloaded' | 'bundle-invalid' | 'conflict', message: string) {
  // A replica may lag behind and a writer may be about to finish: what is missing or late may be there next time.
  return new Failure({ code, message, retryable: code !== 'overloaded' && code !== 'bundle-invalid' });
}
