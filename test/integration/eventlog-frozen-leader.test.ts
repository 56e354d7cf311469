/** A leader frozen in mid-append while another takes over: when it wakes up, nothing of it may land any more. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { LogPort } from '../../src/eventlog/log-port.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';
import { openBus, testStream, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { positionsOf, upTo, walk } from '../unit/eventlog-fixtures.ts';
import { lead, readAll, type Reign } from './eventlog-leader.ts';

const rounds = 6;
/** Longer than the leader's append time-out in every other round: it then wakes up not knowing what became of it. */
const frozenMs = (round: number) => (round % 2 === 0 ? 50 : 600);

let server: NatsServer;
let bus: Bus;
let port: LogPort;
let stream: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  server = await startNats();
  bus = await openBus(server.url);
  stream = uniqueName('log');
  const subject = `${stream}.records`;
  await bus.ensureStream(testStream(stream, { subjects: [subject], denyDelete: true, denyPurge: true }));
  port = jetstreamLog({ bus, stream, subject, clock: systemClock });
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(async () => {
  await bus?.close();
  await server?.stop();
});

interface Child {
  readonly process: ChildProcess;
  /** What it wrote so far, a line each. */
  readonly lines: object[];
}

function startLeader(instance: string): Child {
  const script = fileURLToPath(new URL('eventlog-leader.ts', import.meta.url));
  const args = ['--import', 'tsx', script, server.url, stream, `${stream}.records`, instance];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const lines: object[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as object));
  return { process: child, lines };
}

/** Leads from the log's head, and once more if a record the frozen one had sent before was still on its way. */
async function takeOver(instance: string, untilMs: number): Promise<Reign> {
  const endsAt = performance.now() + untilMs;
  for (let attempt = 1; ; attempt++) {
    const reign = await lead({ port, instance: `${instance}-${attempt}`, enough: () => performance.now() > endsAt });
    if (reign.durable > 0 || attempt === 5) return reign;
  }
}

describe('a leader frozen in mid-append', () => {
  it(`lands nothing after another has taken over, ${rounds} rounds of ${rounds}`, async () => {
    for (let round = 0; round < rounds; round++) {
      const child = startLeader(`old-${round}`);
      await eventually(() => child.lines.length > 0, { what: 'the first leader to lead', timeoutMs: 20_000 });
      const before = await port.lastSequence(5_000);
      await eventually(async () => (await port.lastSequence(5_000)) > before + 20, { what: 'it to append' });

      child.process.kill('SIGSTOP');
      const next = await takeOver(`new-${round}`, frozenMs(round));
      expect(next).toMatchObject({ ended: 'closed' });
      child.process.kill('SIGCONT');
      const old = (await eventually(() => child.lines[1], { what: 'the frozen one to step down' })) as Reign;

      expect(old).toMatchObject({ ended: 'not-leader' });
      expect(next.term).toBeGreaterThan(old.term);
      const log = walk(await readAll(port));
      expect(log.broken).toBeUndefined();
      expect(log.voidSequences).toEqual([]);
      expect(positionsOf(log.records)).toEqual(upTo(log.cursor.position));
      for (const { instance, durable } of [old, next]) {
        const holder = log.records.find(({ first, events }) => first <= durable && durable < first + events.length);
        expect(holder?.writer).toBe(instance);
      }
      const from = log.records.findIndex(({ term }) => term >= next.term);
      expect(log.records.slice(from).filter(({ writer }) => writer === old.instance)).toEqual([]);
    }
  });
});
