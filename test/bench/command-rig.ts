/** Two chains on one NATS server, the coordinator and the bare one, each in a process of its own, and a load for both. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsServer } from '../support/nats-server.ts';
import { eventually } from '../support/eventually.ts';
import { startProcess } from './bench-process.ts';
import { configureCommand, idOf } from './command-bytes.ts';
import { measured, type Sample, withInFlight } from './harness.ts';
import { type RawNats, rawNats } from './raw-nats.ts';

const serversDefault = 100;
/** Each may ask 500 times a second: together more than any figure here. */
const askers = 64;
/** Far past what any round takes: a lost reply must end the run, not hang it. */
const roundTimeoutMs = 120_000;

export interface Round extends Sample {
  /** Milliseconds from publishing a command to its reply, one each. */
  readonly latencies: readonly number[];
}

export interface CommandChain {
  readonly name: string;
  round(options: { readonly commands: number; readonly inFlight: number }): Promise<Round>;
}

export interface CommandRig {
  /** Commands published to the stream, outcomes in an inbox. */
  readonly coordinator: CommandChain;
  /** Commands as requests on `do`, the outcome as the reply; from many askers, since each has a budget. */
  readonly requests: CommandChain;
  /** Resolves once the feed holds all that was answered, with the seconds it took: nobody's figure but its own. */
  feedCaughtUp(): Promise<number>;
  readonly bare: CommandChain;
  readonly raw: RawNats;
  /** Of the server and the coordinator's process. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

export async function commandRig(server: NatsServer, { servers = serversDefault } = {}): Promise<CommandRig> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const raw = await rawNats(server.url);
  const replies = new Replies(raw);
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL');
    await raw.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const coordinator = (await startProcess('coordinator-process.ts', [server.url, folder], children)).pid;
    const bare = (await startProcess('chain-process.ts', [server.url], children)).pid;
    await registerServers(raw, replies, servers);
    const toStream: Ask = (_, body) => raw.connection.publish('muster.main.cmd.bench.server.configure', body);
    const toDo: Ask = (index, body) =>
      raw.connection.publish(`muster.main.do.bench-${index % askers}.server.configure`, body, {
        reply: `_INBOX_bench.${idOf(body)}`,
      });
    const toChain: Ask = (_, body) => raw.connection.publish('bench.chain.cmd', body);
    const ours = [server.pid, coordinator];
    return {
      coordinator: chain({ name: 'coordinator', ask: toStream, pids: ours, replies, servers }),
      requests: chain({ name: 'coordinator, by request', ask: toDo, pids: ours, replies, servers }),
      bare: chain({ name: 'bare chain', ask: toChain, pids: [server.pid, bare], replies, servers }),
      feedCaughtUp: () => feedCaughtUp(raw, replies),
      raw,
      pids: [server.pid, coordinator],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Sends the command of this number. */
type Ask = (index: number, body: Uint8Array) => void;

interface ChainOptions {
  readonly name: string;
  readonly ask: Ask;
  readonly pids: readonly number[];
  readonly replies: Replies;
  /** Whom the commands are about, one after the other. */
  readonly servers: number;
}

let runs = 0;

function chain({ name, ask, pids, replies, servers }: ChainOptions): CommandChain {
  return {
    name,
    async round({ commands, inFlight }) {
      runs += 1;
      const run = runs;
      const bodies = Array.from({ length: commands }, (_, index) => configureCommand({ run, index, servers }));
      const latencies: number[] = [];
      const { wallMs, cpuMicroseconds } = await measured(pids, () =>
        replies.all(commands, inFlight, async (index) => {
          const body = bodies[index];
          if (body === undefined) return;
          const sentAt = performance.now();
          const answered = replies.expect(idOf(body));
          ask(index, body);
          await answered;
          latencies.push(performance.now() - sentAt);
        }),
      );
      return { value: commands / (wallMs / 1_000), operations: commands, cpuMicroseconds, latencies };
    },
  };
}

/** Replies by command id. One that is not an acceptance is a mistake in the benchmark, and ends it. */
class Replies {
  readonly #waiting = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  /** The highest that any reply named. */
  position = 0;

  constructor(raw: RawNats) {
    raw.connection.subscribe('_INBOX_bench.*', {
      callback: (_error, message) => {
        const id = message.subject.slice('_INBOX_bench.'.length);
        const waiter = this.#waiting.get(id);
        this.#waiting.delete(id);
        const text = Buffer.from(message.data).toString('latin1');
        const at = text.indexOf('"position":');
        if (at !== -1) this.position = Math.max(this.position, Number.parseInt(text.slice(at + 11), 10));
        if (text.includes('"accepted"')) waiter?.resolve();
        else waiter?.reject(new Error(`not accepted: ${text}`));
      },
    });
  }

  expect(id: string): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** `withInFlight`, but a reply that never comes fails it by the round's deadline. */
  async all(count: number, inFlight: number, one: (index: number) => Promise<void>): Promise<void> {
    const timer = setTimeout(() => {
      const error = new Error(`${this.#waiting.size} replies had not come after ${roundTimeoutMs} ms`);
      for (const { reject } of this.#waiting.values()) reject(error);
    }, roundTimeoutMs);
    try {
      await withInFlight(count, inFlight, one);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The first commands a coordinator gets: once they are accepted, it leads. */
async function registerServers(raw: RawNats, replies: Replies, servers: number): Promise<void> {
  for (let index = 0; index < servers; index += 1) {
    const id = `register-${index}`;
    const address = { host: '10.0.0.1', port: 8_000 + index };
    const answered = replies.expect(id);
    raw.connection.publish(
      'muster.main.cmd.bench.server.register',
      JSON.stringify({ id, server: `s${index}`, address }),
    );
    await Promise.race([answered, late(roundTimeoutMs, `server s${index} to be registered`)]);
  }
}

async function feedCaughtUp(raw: RawNats, replies: Replies): Promise<number> {
  const beganAt = performance.now();
  const caughtUp = async () => {
    const { state } = await raw.ask('$JS.API.STREAM.INFO.MUSTER_main_FEED', {});
    return (state as { last_seq: number }).last_seq >= replies.position;
  };
  await eventually(caughtUp, { timeoutMs: roundTimeoutMs, what: 'the feed to hold what was answered' });
  return (performance.now() - beganAt) / 1_000;
}

async function late(timeoutMs: number, what: string): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, timeoutMs).unref());
  throw new Error(`waited ${timeoutMs} ms for ${what}`);
}
