import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { Failure } from '../../src/std/failure.ts';
import { bytesOf, openBus, testStream, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { natsReplicas } from '../support/nats-choice.ts';

let server: NatsServer;
let bus: Bus;
beforeAll(async () => {
  server = await startNats();
  bus = await openBus(server.url);
});
afterAll(async () => {
  await bus?.close();
  await server?.stop();
});

const timeoutMs = 10_000;

describe('ensureStream', () => {
  it('creates every stream of a fleet and finds it unchanged afterwards', async () => {
    const fleet = uniqueName('f');
    for (const definition of Object.values(streamDefinitions(fleet, { replicas: natsReplicas() }))) {
      const made = await bus.ensureStream(definition);
      expect(made).toMatchObject({ messages: 0, lastSequence: 0, maxBytes: definition.maxBytes });
      expect(await bus.ensureStream(definition)).toEqual(made);
      expect((await bus.streamStatus(definition.name)).identity).toBe(made.identity);
    }
  });

  it('names each setting that differs, but for how much it may take, which is its operator’s to say', async () => {
    const name = uniqueName('M');
    await bus.ensureStream(testStream(name));
    const wanted = testStream(name, {
      subjects: [`${name}.>`, `${name}-more`],
      maxMessagesPerSubject: 1,
      discard: 'old',
      denyDelete: true,
      allowRollup: true,
      maxBytes: 1_000,
      maxAgeMs: 60_000,
      maxMessageBytes: 100,
    });
    const failure = await bus.ensureStream(wanted).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'stream-mismatch', retryable: false });
    const { message } = failure as Failure;
    expect(message).toContain('max_msg_size: is -1, should be 100');
    expect(message).toContain('deny_delete: is false, should be true');
    const named = [...message.matchAll(/(\w+): is /g)].map((match) => match[1]);
    expect(named).toEqual([
      'subjects',
      'discard',
      'max_msgs_per_subject',
      'max_age',
      'max_msg_size',
      'duplicate_window',
      'allow_rollup_hdrs',
      'deny_delete',
    ]);
  });

  it('fails with a name where another stream has the subjects, and where the server has no room', async () => {
    const name = uniqueName('T');
    await bus.ensureStream(testStream(name));
    const overlapping = bus.ensureStream(testStream(uniqueName('U'), { subjects: [`${name}.a`] }));
    await expect(overlapping).rejects.toMatchObject({ code: 'stream-mismatch' });
    const huge = bus.ensureStream(testStream(uniqueName('V'), { maxBytes: 2 ** 50 }));
    // A cluster says that no server suits, which may pass.
    const isOne = natsReplicas() === 1;
    await expect(huge).rejects.toMatchObject(isOne ? { code: 'no-room', retryable: false } : { code: 'unavailable' });
  });

  it('waits for JetStream while a server is coming back', async (context) => {
    if (!server.canKill) return context.skip('this NATS is not ours to kill');
    const name = uniqueName('W');
    await server.kill('SIGKILL');
    const ensured = bus.ensureStream(testStream(name));
    await server.restart();
    expect(await ensured).toMatchObject({ messages: 0 });
  });
});

describe('the fleet streams', () => {
  it('let the leader purge commands below the watermark, and nobody the log', async () => {
    const fleet = uniqueName('g');
    const names = streamNames(fleet);
    const definitions = streamDefinitions(fleet, { replicas: natsReplicas() });
    await bus.ensureStream(definitions.log);
    await bus.ensureStream(definitions.commands);
    for (let i = 0; i < 5; i += 1) {
      await bus.store({ subject: `muster.${fleet}.cmd.p.group.create`, data: bytesOf('{}'), timeoutMs });
      await bus.store({ subject: `muster.${fleet}.log`, data: bytesOf('r'), timeoutMs });
    }
    await bus.purge({ stream: names.commands, belowSequence: 4 });
    expect(await bus.streamStatus(names.commands)).toMatchObject({ firstSequence: 4, messages: 2 });
    await expect(bus.purge({ stream: names.log, belowSequence: 4 })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await bus.streamStatus(names.log)).toMatchObject({ firstSequence: 1, messages: 5 });
  });

  it('keep one message a subject in groups', async () => {
    const fleet = uniqueName('h');
    await bus.ensureStream(streamDefinitions(fleet, { replicas: natsReplicas() }).groups);
    const subject = `muster.${fleet}.group.g.desired`;
    await bus.store({ subject, data: bytesOf('1'), timeoutMs });
    const second = { subject, data: bytesOf('2'), timeoutMs, expect: { lastSubjectSequence: 1 } };
    expect(await bus.store(second)).toMatchObject({ status: 'stored', sequence: 2 });
    expect(await bus.streamStatus(streamNames(fleet).groups)).toMatchObject({ messages: 1 });
  });
});

describe('get', () => {
  it('walks a subject with wildcards from both sources, and finds nothing with grace', async () => {
    const stream = uniqueName('G');
    await bus.ensureStream(testStream(stream));
    for (const token of ['a.1', 'b.1', 'a.2', 'b.2', 'a.3']) {
      await bus.store({ subject: `${stream}.${token}`, data: bytesOf(token), timeoutMs });
    }
    for (const from of ['any', 'leader'] as const) {
      const walked: [number, string][] = [];
      for (let next = 1; ; ) {
        const found = await bus.get({ stream, from: next, filter: `${stream}.a.*` }, from, timeoutMs);
        if (found === undefined) break;
        walked.push([found.sequence, found.subject.slice(stream.length + 1)]);
        next = found.sequence + 1;
      }
      expect(walked).toEqual([
        [1, 'a.1'],
        [3, 'a.2'],
        [5, 'a.3'],
      ]);
      expect(await bus.get({ stream, lastOf: `${stream}.b.2` }, from, timeoutMs)).toMatchObject({ sequence: 4 });
      expect(await bus.get({ stream, lastOf: `${stream}.c` }, from, timeoutMs)).toBeUndefined();
      expect(await bus.get({ stream, sequence: 99 }, from, timeoutMs)).toBeUndefined();
    }
    const missing = { stream: uniqueName('none'), sequence: 1 };
    // Servers differ: some have nobody listening there, 2.9 listens for all streams and does not answer.
    const direct = bus.get(missing, 'any', 200);
    await expect(direct).rejects.toMatchObject({ code: expect.stringMatching(/^(no-responders|timeout)$/) });
    await expect(bus.get(missing, 'leader', timeoutMs)).rejects.toMatchObject({ code: 'stream-mismatch' });
  });
});
