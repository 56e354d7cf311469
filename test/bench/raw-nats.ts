/**
 * The floors' own way to NATS: the library with nothing of ours around it, driven the fastest way we know (one own
 * inbox, acks cut out of the text by hand). What `src/nats` costs is thereby in the ratio, not in the floor.
 */
import { connect, type NatsConnection } from 'nats';

export interface RawNats {
  readonly connection: NatsConnection;
  /** Publishes into a stream and resolves with the sequence of its ack. `expect`: the stream's last sequence. */
  store(subject: string, data: Uint8Array): Promise<number>;
  /** The stream's config, in the server's own words. */
  ask(subject: string, body: object): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export async function rawNats(url: string): Promise<RawNats> {
  const connection = await connect({ servers: url, noAsyncTraces: true });
  const inbox = `_INBOX.bench${process.pid}.${Math.floor(performance.now() * 1_000)}.`;
  const waiting = new Map<string, { resolve: (sequence: number) => void; reject: (error: Error) => void }>();
  let token = 0;
  connection.subscribe(`${inbox}*`, {
    callback(_error, message) {
      const key = message.subject.slice(inbox.length);
      const waiter = waiting.get(key);
      waiting.delete(key);
      const text = Buffer.from(message.data).toString('latin1');
      const sequence = Number.parseInt(text.slice(text.indexOf('"seq":') + 6), 10);
      if (text.includes('"error"') || !(sequence > 0)) waiter?.reject(new Error(`not an ack: ${text}`));
      else waiter?.resolve(sequence);
    },
  });
  return {
    connection,
    store(subject, data) {
      token += 1;
      const key = String(token);
      return new Promise((resolve, reject) => {
        waiting.set(key, { resolve, reject });
        connection.publish(subject, data, { reply: inbox + key });
      });
    },
    async ask(subject, body) {
      const message = await connection.request(subject, JSON.stringify(body), { timeout: 10_000 });
      const answer = message.json<Record<string, unknown>>();
      if (answer['error'] !== undefined) throw new Error(`${subject}: ${JSON.stringify(answer['error'])}`);
      return answer;
    },
    close: () => connection.close(),
  };
}

/** A stream with the settings of ours, as far as they matter for speed. */
export async function rawStream(raw: RawNats, name: string, subjects: readonly string[]): Promise<void> {
  await raw.ask(`$JS.API.STREAM.CREATE.${name}`, {
    name,
    subjects,
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    max_bytes: 4 * 1024 ** 3,
    num_replicas: 1,
  });
}
