import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, ObjectBucket } from '../../src/nats/bus.ts';
import { bytesOf, openBus, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { natsReplicas } from '../support/nats-choice.ts';

let server: NatsServer;
let bus: Bus;
let bucketName: string;
let bucket: ObjectBucket;
beforeAll(async () => {
  server = await startNats();
  bus = await openBus(server.url);
  bucketName = uniqueName('B');
  const options = { bucket: bucketName, replicas: natsReplicas(), maxBytes: 256 * 1024 * 1024 };
  await bus.ensureBucket(options);
  await bus.ensureBucket(options);
  bucket = bus.objects(bucketName);
});
afterAll(async () => {
  await bus?.close();
  await server?.stop();
});

const limits = { maxBytes: 8 * 1024 * 1024, timeoutMs: 10_000 };
const stream = () => `OBJ_${bucketName}`;

/** Removes one chunk of the newest upload under the bucket, as a broken janitor would. */
async function loseChunk(skip: number): Promise<void> {
  const status = await bus.streamStatus(stream());
  const meta = await bus.get({ stream: stream(), sequence: status.lastSequence }, 'leader', 5_000);
  const { nuid } = JSON.parse(new TextDecoder().decode(meta?.data));
  const filter = `$O.${bucketName}.C.${nuid}`;
  let from = 1;
  for (let i = 0; ; i += 1) {
    const chunk = await bus.get({ stream: stream(), from, filter }, 'leader', 5_000);
    if (chunk === undefined) throw new Error('no such chunk');
    from = chunk.sequence + 1;
    if (i < skip) continue;
    const data = bytesOf(JSON.stringify({ seq: chunk.sequence, no_erase: true }));
    await bus.request({ subject: `$JS.API.STREAM.MSG.DELETE.${stream()}`, data, timeoutMs: 5_000 });
    return;
  }
}

describe('objects', () => {
  it('are stored once: a second put under the name is "present" and changes nothing', async () => {
    const data = randomBytes(700_000);
    const name = createHash('sha256').update(data).digest('hex');
    expect(await bucket.put(name, data)).toBe('stored');
    const before = await bus.streamStatus(stream());
    expect(await bucket.put(name, randomBytes(10))).toBe('present');
    expect((await bus.streamStatus(stream())).messages).toBe(before.messages);
    expect(Buffer.from(await bucket.get(name, limits)).equals(data)).toBe(true);
  });

  it('are read no further once nobody wants them any more', async () => {
    const data = randomBytes(2_000_000);
    const name = createHash('sha256').update(data).digest('hex');
    await bucket.put(name, data);
    const wanted = new AbortController();
    const reading = bucket.get(name, { ...limits, signal: wanted.signal });
    wanted.abort();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
  });

  it('are stored once when two put at the same time, and leave no chunks of the loser', async () => {
    const before = await bus.streamStatus(stream());
    const puts = await Promise.all([bucket.put('race', bytesOf('same')), bucket.put('race', bytesOf('same'))]);
    expect([...puts].sort()).toEqual(['present', 'stored']);
    expect((await bus.streamStatus(stream())).messages).toBe(before.messages + 2);
  });

  it('may be empty, are listed, and can be removed and stored again', async () => {
    await bucket.put('empty', new Uint8Array(0));
    expect(await bucket.get('empty', limits)).toHaveLength(0);
    await bucket.put('some/name ä', bytesOf('12345'));
    expect(await bucket.list()).toContainEqual({ name: 'some/name ä', bytes: 5 });
    await bucket.remove('some/name ä');
    await bucket.remove('some/name ä');
    await bucket.remove('never there');
    expect(await bucket.list()).not.toContainEqual({ name: 'some/name ä', bytes: 5 });
    await expect(bucket.get('some/name ä', limits)).rejects.toMatchObject({ code: 'bundle-missing' });
    expect(await bucket.put('some/name ä', bytesOf('again'))).toBe('stored');
    expect(await bucket.get('some/name ä', limits)).toEqual(bytesOf('again'));
  });

  it('fail by name and in time where the object or a chunk is missing, or it is too large', async () => {
    await expect(bucket.get('nothing', limits)).rejects.toMatchObject({ code: 'bundle-missing' });
    await bucket.put('large', new Uint8Array(1_000));
    await expect(bucket.get('large', { ...limits, maxBytes: 999 })).rejects.toMatchObject({ code: 'overloaded' });
    for (const [name, skip] of [
      ['headless', 0],
      ['holed', 2],
      ['tailless', 4],
    ] as const) {
      await bucket.put(name, randomBytes(600_000));
      await loseChunk(skip);
      const startedAt = performance.now();
      const broken = bucket.get(name, { ...limits, timeoutMs: 3_000 });
      await expect(broken).rejects.toMatchObject({ code: 'bundle-missing' });
      expect(performance.now() - startedAt).toBeLessThan(3_500);
    }
  });

  it('fail where the bytes are not those of the digest', async () => {
    await bucket.put('swapped', bytesOf('the bytes'));
    const metaSubject = `$O.${bucketName}.M.${Buffer.from('swapped').toString('base64url')}`;
    const padded = metaSubject + '='.repeat((4 - (Buffer.from('swapped').toString('base64url').length % 4)) % 4);
    const meta = await bus.get({ stream: stream(), lastOf: padded }, 'leader', 5_000);
    const changed = JSON.parse(new TextDecoder().decode(meta?.data));
    changed.digest = `SHA-256=${createHash('sha256').update('other').digest('base64url')}=`;
    await bus.store({ subject: padded, data: bytesOf(JSON.stringify(changed)), timeoutMs: 5_000 });
    await expect(bucket.get('swapped', limits)).rejects.toMatchObject({ code: 'bundle-invalid' });
  });

  it('are readable by the library, and its own are readable by us', async () => {
    const connection = await connect({ servers: server.url });
    try {
      const theirs = await connection.jetstream().views.os(bucketName);
      const data = randomBytes(300_000);
      await bucket.put('ours', data);
      expect(Buffer.from((await theirs.getBlob('ours')) ?? []).equals(data)).toBe(true);
      await theirs.putBlob({ name: 'theirs' }, data);
      expect(Buffer.from(await bucket.get('theirs', limits)).equals(data)).toBe(true);
    } finally {
      await connection.close();
    }
  });
});
