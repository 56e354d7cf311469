/**
 * An etcd of its own, spoken to by its own protocol: gRPC over HTTP/2, the few messages we need written by hand. Its
 * JSON gateway would be easier and slower, and the comparison would flatter us.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { debianProgram } from '../support/nats-versions.ts';

const startTimeoutMs = 30_000;

export interface Etcd {
  readonly pid: number;
  /** Puts if the key has been put exactly `version` times before: a fenced transaction. */
  fencedPut(key: string, version: number, value: Uint8Array): Promise<void>;
  put(key: string, value: Uint8Array): Promise<void>;
  /** Calls back for each message with events on the key; resolves once the watch stands. */
  watch(key: string, onEvents: () => void): Promise<void>;
  stop(): Promise<void>;
}

export type StartedEtcd =
  | { readonly status: 'started'; readonly etcd: Etcd }
  | { readonly status: 'missing'; readonly why: string };

export async function startEtcd(): Promise<StartedEtcd> {
  const found = debianProgram('etcd');
  if (found.status === 'missing') return found;
  const folder = mkdtempSync(join(tmpdir(), 'muster-etcd-'));
  const client = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    found.path,
    [
      ...['--data-dir', folder, '--name', 'bench', '--log-level', 'error'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `bench=${peer}`],
    ],
    { stdio: 'ignore' },
  );
  const stop = async () => {
    session?.destroy();
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  let session: ClientHttp2Session | undefined;
  try {
    await eventually(async () => (await fetch(`${client}/health`)).ok, { timeoutMs: startTimeoutMs, what: 'etcd' });
    session = connect(client);
    await once(session, 'connect');
  } catch (error) {
    await stop();
    throw error;
  }
  return { status: 'started', etcd: clientOf(session, child.pid ?? 0, stop) };
}

function clientOf(session: ClientHttp2Session, pid: number, stop: () => Promise<void>): Etcd {
  return {
    pid,
    stop,
    async fencedPut(key, version, value) {
      // Compare { result: EQUAL, target: VERSION, key = 3, version = 4 }; zero values are not written in proto3.
      const compare = [...bytes(3, Buffer.from(key)), ...(version === 0 ? [0x20, 0] : [0x20, ...varint(version)])];
      const operation = bytes(2, putRequest(key, value));
      const txn = Buffer.from([...bytes(1, Buffer.from(compare)), ...bytes(2, Buffer.from(operation))]);
      const answer = await unary(session, '/etcdserverpb.KV/Txn', txn);
      if (!succeeded(answer)) throw new Error(`etcd's fence refused ${key} at version ${version}`);
    },
    async put(key, value) {
      await unary(session, '/etcdserverpb.KV/Put', putRequest(key, value));
    },
    async watch(key, onEvents) {
      const stream = call(session, '/etcdserverpb.Watch/Watch');
      const create = Buffer.from(bytes(1, Buffer.from(key)));
      stream.write(framed(Buffer.from(bytes(1, create))));
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject);
        onMessages(stream, (message) => {
          // Field 11 is `events`; the message without any says that the watch was created.
          if (fieldsOf(message).some(({ field }) => field === 11)) onEvents();
          else resolve();
        });
      });
    },
  };
}

function putRequest(key: string, value: Uint8Array): Buffer {
  return Buffer.from([...bytes(1, Buffer.from(key)), ...bytes(2, value)]);
}

/** TxnResponse { header = 1, succeeded = 2 }. */
function succeeded(message: Buffer): boolean {
  return fieldsOf(message).some(({ field, value }) => field === 2 && value === 1);
}

function call(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  return session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
}

function unary(session: ClientHttp2Session, path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = call(session, path);
    let answer: Buffer | undefined;
    onMessages(stream, (message) => {
      answer = message;
    });
    stream.on('error', reject);
    stream.on('end', () => (answer === undefined ? reject(new Error(`${path}: no answer`)) : resolve(answer)));
    stream.end(framed(request));
  });
}

/** gRPC's frame: not compressed, the length in four bytes. */
function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

function onMessages(stream: ClientHttp2Stream, take: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      take(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
  });
}

/** A length-delimited field. */
function bytes(field: number, value: Uint8Array): number[] {
  return [(field << 3) | 2, ...varint(value.length), ...value];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** Top-level fields: numbers of varints (those below 2^31 exactly), lengths of the rest passed over. */
function fieldsOf(message: Buffer): { field: number; value: number }[] {
  const fields: { field: number; value: number }[] = [];
  let at = 0;
  const read = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = read();
    const value = read();
    if ((tag & 7) === 2) at += value;
    fields.push({ field: tag >>> 3, value });
  }
  return fields;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
