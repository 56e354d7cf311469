import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { encode } from '../../src/wire/codec.ts';
import { decodeMessage } from '../../src/wire/message.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { Outcome } from '../../schemas/outcome.ts';
import { eventually } from '../support/eventually.ts';
import { newFleet, startCoordinator } from '../support/coordinators.ts';
import type { TestCoordinator } from '../support/coordinators.ts';
import { openBus } from '../support/nats-bus.ts';
import { startNats } from '../support/nats-server.ts';
import type { NatsServer } from '../support/nats-server.ts';

let nats: NatsServer;
let bus: Bus;
let fleet: FleetId;
let running: TestCoordinator;

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'alice');
  fleet = newFleet();
  running = await startCoordinator({ url: nats.url, fleet });
  await eventually(() => running.coordinator.role === 'leader');
});

afterAll(async () => {
  await running?.stop();
  await bus?.close();
  await nats?.stop();
});

async function ask(type: string, body: object | string, principal = 'alice'): Promise<Record<string, unknown>> {
  const data = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const subject = `muster.${fleet}.do.${principal}.${type}`;
  const answer = await eventually(() => bus.request({ subject, data, timeoutMs: 5_000 }));
  return JSON.parse(Buffer.from(answer.data).toString());
}

async function eventsFrom(position: number, count: number): Promise<Record<string, unknown>[]> {
  const stream = streamNames(fleet).feed;
  return eventually(async () => {
    const found: Record<string, unknown>[] = [];
    for (let at = position; at < position + count; at += 1) {
      const message = await bus.get({ stream, sequence: at }, 'leader', 2_000);
      if (message === undefined) return undefined;
      found.push(JSON.parse(Buffer.from(message.data).toString()));
    }
    return found;
  });
}

describe('a coordinator on a new fleet', () => {
  it('seeds the default groups once, in the record of its election', async () => {
    const [created, elected] = await eventsFrom(1, 2);
    expect(created).toMatchObject({
      position: 1,
      type: 'fleet.created',
      data: { groups: ['Production', 'Development'] },
    });
    expect(elected).toMatchObject({ position: 2, type: 'coordinator.elected', data: { term: 1 } });
  });

  it('answers a plain JSON request with the outcome in JSON, and files the event under its group', async () => {
    const outcome = await ask('group.create', { group: 'Edge', reason: 'a first try' });
    expect(outcome).toMatchObject({
      status: 'accepted',
      safeToRepeat: false,
      event: {
        type: 'group.created',
        principal: 'alice',
        reason: 'a first try',
        data: { group: 'edge', name: 'Edge' },
      },
    });
    const position = outcome['position'] as number;
    const stream = streamNames(fleet).feed;
    const filed = await eventually(() => bus.get({ stream, sequence: position }, 'leader', 2_000));
    expect(filed.subject).toBe(`muster.${fleet}.event.group.edge`);
  });

  it('gives the first outcome again for the same id, and refuses the id for another body', async () => {
    const first = await ask('group.create', { id: 'one', group: 'twice' });
    const again = await ask('group.create', { id: 'one', group: 'twice' });
    const reused = await ask('group.create', { id: 'one', group: 'other' });
    expect(first).toMatchObject({ status: 'accepted', repeated: false, safeToRepeat: true });
    expect(again).toMatchObject({ status: 'accepted', repeated: true, position: first['position'] });
    expect(reused).toMatchObject({ status: 'rejected', rejection: { code: 'id-reused' } });
  });

  it('takes commands straight from the stream, in MessagePack or JSON, and answers the inbox of their principal', async () => {
    const heard: string[] = [];
    const inbox = bus.subscribe({ subject: '_INBOX_alice.*', onMessage: (message) => heard.push(message.subject) });
    await bus.flush();
    const subject = `muster.${fleet}.cmd.alice.group.create`;
    await bus.store({ subject, data: encode({ id: 'packed', group: 'packed' }), timeoutMs: 5_000 });
    await bus.store({ subject, data: Buffer.from('{"id":"text","group":"text"}'), timeoutMs: 5_000 });
    await eventually(() => heard.includes('_INBOX_alice.packed') && heard.includes('_INBOX_alice.text'));
    inbox.unsubscribe();
  });

  it('stores a request in the log alone: the stream of commands never sees it', async () => {
    const { commands, log } = streamNames(fleet);
    const before = await bus.streamStatus(commands);
    const logBefore = await bus.streamStatus(log);
    expect(await ask('group.create', { id: 'direct', group: 'direct' })).toMatchObject({ status: 'accepted' });
    expect((await bus.streamStatus(commands)).lastSequence).toBe(before.lastSequence);
    expect((await bus.streamStatus(log)).lastSequence).toBe(logBefore.lastSequence + 1);
  });

  it('knows a command again whichever way it comes', async () => {
    const heard: Record<string, unknown>[] = [];
    const inbox = bus.subscribe({
      subject: '_INBOX_alice.both-ways',
      onMessage: ({ data }) => heard.push(JSON.parse(Buffer.from(data).toString())),
    });
    await bus.flush();
    const body = JSON.stringify({ id: 'both-ways', group: 'both-ways' });
    const first = await ask('group.create', body);
    await bus.store({
      subject: `muster.${fleet}.cmd.alice.group.create`,
      data: Buffer.from(body),
      timeoutMs: 5_000,
    });
    await eventually(() => heard.length > 0);
    inbox.unsubscribe();
    expect(heard).toMatchObject([{ status: 'accepted', position: first['position'], repeated: true }]);
    expect(await ask('group.create', body)).toMatchObject({ position: first['position'], repeated: true });
  });

  it('answers a burst of requests each with its own outcome, decided in the order they came', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `burst-${index}`);
    const outcomes = await Promise.all(names.map((name) => ask('group.create', { id: name, group: name })));
    expect(outcomes.map((outcome) => outcome['id'])).toEqual(names);
    const first = outcomes[0]?.['position'] as number;
    expect(outcomes.map((outcome) => outcome['position'])).toEqual(names.map((_, index) => first + index));
  });

  it('speaks MessagePack to whoever does, and the event in it is the one in the log', async () => {
    const subject = `muster.${fleet}.do.alice.group.create`;
    const data = encode({ id: 'in-msgpack', group: 'in-msgpack' });
    const answer = await bus.request({ subject, data, timeoutMs: 5_000 });
    const outcome = decodeMessage(Outcome, answer.data, 'an outcome');
    if (outcome.status !== 'accepted') throw new Error('not accepted');
    const [event] = await eventsFrom(outcome.position, 1);
    expect(outcome.event).toEqual(event);
  });

  it.each([
    ['cut JSON', Buffer.from('{"group":')],
    ['a number', Buffer.from('5')],
    ['arrays claiming millions', Buffer.from(`81a1${'dd00ffffff'.repeat(20)}`, 'hex')],
    ['noise', randomBytes(4_096)],
  ])('rejects %s with an event, and goes on', async (_what, data) => {
    const answer = await bus.request({ subject: `muster.${fleet}.do.alice.group.create`, data, timeoutMs: 5_000 });
    const outcome = JSON.parse(Buffer.from(answer.data).toString());
    expect(outcome).toMatchObject({ status: 'rejected', rejection: { code: 'malformed' } });
    const [event] = await eventsFrom(outcome.position, 1);
    expect(event).toMatchObject({ type: 'command.rejected', data: { rejection: { code: 'malformed' } } });
    expect(await ask('group.create', { group: `after-${outcome.position}` })).toMatchObject({ status: 'accepted' });
  });

  it('names an unknown field, an unknown verb and a system verb as what they are', async () => {
    const typo = await ask('group.create', { grupo: 'x' });
    const verb = await ask('group.destroy', { group: 'x' });
    const system = await ask('server.ready', { server: 'x' });
    expect(typo).toMatchObject({ rejection: { code: 'invalid' } });
    expect(verb).toMatchObject({ rejection: { code: 'unknown-command' } });
    expect(system).toMatchObject({ rejection: { code: 'system-only' } });
  });

  it('takes the principal from the subject, and lets a server speak only of itself', async () => {
    const body = { server: 'apigateway', address: { host: '127.0.0.1', port: 9_000 } };
    expect(await ask('server.register', body, 'srv_apigateway1')).toMatchObject({ rejection: { code: 'forbidden' } });
    expect(await ask('server.register', body, 'srv_apigateway')).toMatchObject({ status: 'accepted' });
  });

  it('answers queries with the position they are true for', async () => {
    const created = await ask('group.create', { group: 'asked-for' });
    const subject = `muster.${fleet}.query.group`;
    const data = Buffer.from(JSON.stringify({ group: 'Asked-For', atLeast: created['position'] }));
    const answer = await bus.request({ subject, data, timeoutMs: 5_000 });
    const view = JSON.parse(Buffer.from(answer.data).toString());
    expect(view).toMatchObject({ status: 'ok', data: { group: 'asked-for', servers: [] } });
    expect(view.position).toBeGreaterThanOrEqual(created['position'] as number);
  });
});
