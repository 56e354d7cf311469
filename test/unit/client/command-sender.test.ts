import { beforeEach, describe, expect, it } from 'vitest';
import type { FleetId, GroupName, Principal } from '../../../schemas/ids.ts';
import { CommandSender } from '../../../src/client/command-sender.ts';
import { waitingCommandsMax } from '../../../src/client/waiting-commands.ts';
import { Failure } from '../../../src/std/failure.ts';
import { decodeBody } from '../../../src/wire/body.ts';
import { encodeMessage } from '../../../src/wire/message.ts';
import { FakeBus, ManualClock, disconnected } from './fake-bus.ts';

const group = 'edge' as GroupName;
let bus: FakeBus;
let clock: ManualClock;
let sender: CommandSender;

beforeEach(() => {
  bus = new FakeBus();
  clock = new ManualClock();
  sender = new CommandSender({
    bus: bus.asBus(),
    fleet: 'main' as FleetId,
    principal: 'alice' as Principal,
    clock,
    random: Math.random,
  });
});

function accept(id: string, changes: object = {}): void {
  const event = {
    position: 7,
    version: 1,
    at: 1,
    principal: 'alice',
    type: 'group.deleted',
    data: { group: 'edge' },
    warnings: ['careful'],
  };
  const outcome = {
    log: 'log-0001',
    term: 1,
    position: 7,
    id,
    repeated: false,
    safeToRepeat: true,
    status: 'accepted',
    event,
    ...changes,
  };
  bus.deliver(`_INBOX_alice.${id}`, encodeMessage(outcome));
}

describe('sending a command', () => {
  it('ends with what the coordinator says where the outcome is in the log and cannot be read', async () => {
    const sent = sender.send('group.delete', { group }, { id: 'c-1' });
    const message = 'record 7 of the log cannot be read';
    bus.deliver('_INBOX_alice.c-1', encodeMessage({ status: 'unknown', safeToRepeat: false, message }));
    await expect(sent).rejects.toMatchObject({ code: 'unavailable', retryable: false, message });
  });

  it('puts type and principal in the subject, and payload, id and time in the body', async () => {
    const sent = sender.send('group.delete', { group }, { id: 'c-1', reason: 'tidy', ifPosition: 3 });
    expect(bus.stored[0]?.subject).toBe('muster.main.cmd.alice.group.delete');
    expect(decodeBody(bus.stored[0]?.data ?? new Uint8Array())).toMatchObject({
      status: 'ok',
      value: { group: 'edge', id: 'c-1', issuedAt: clock.now(), reason: 'tidy', ifPosition: 3 },
    });
    accept('c-1');
    await expect(sent).resolves.toMatchObject({
      status: 'accepted',
      position: 7,
      warnings: ['careful'],
      repeated: false,
    });
  });

  it('gives a rejection as a value', async () => {
    const sent = sender.send('group.delete', { group }, { id: 'c-1' });
    const rejection = { code: 'unknown-group', message: 'there is no group "edge"' };
    accept('c-1', { status: 'rejected', event: undefined, rejection });
    await expect(sent).resolves.toMatchObject({ status: 'rejected', rejection });
  });

  it('never gives two commands the same id', () => {
    const ids = new Set(Array.from({ length: 1_000 }, () => sender.nextId()));
    expect(ids.size).toBe(1_000);
  });

  it('sends the same bytes again when no outcome comes, and takes the late one', async () => {
    const sent = sender.send('group.delete', { group }, { id: 'c-1' });
    await clock.advance(2_500);
    expect(bus.stored).toHaveLength(2);
    expect(bus.stored[1]).toEqual(bus.stored[0]);
    accept('c-1', { repeated: true });
    await expect(sent).resolves.toMatchObject({ repeated: true });
    expect(clock.timers).toBeLessThanOrEqual(1);
    await clock.advance(60_000);
    expect(bus.stored).toHaveLength(2);
  });

  it('says that repeating with the same id is safe when it waited too long', async () => {
    const sent = sender
      .send('group.delete', { group }, { id: 'c-1', timeoutMs: 5_000 })
      .catch((caught: unknown) => caught);
    await clock.advance(6_000);
    const failure = (await sent) as Failure;
    expect(failure).toMatchObject({ code: 'timeout', retryable: true });
    expect(failure.message).toContain('sending it again with the id "c-1" is safe');
  });

  it('says "disconnected" when the connection was down to the end', async () => {
    bus.onStore = () => Promise.reject(disconnected());
    const sent = sender
      .send('group.delete', { group }, { id: 'c-1', timeoutMs: 5_000 })
      .catch((caught: unknown) => caught);
    await clock.advance(6_000);
    expect(await sent).toMatchObject({ code: 'disconnected', retryable: true });
  });

  it('carries a command through a lost connection by sending it as soon as it is back', async () => {
    bus.onStore = () => Promise.reject(disconnected());
    const sent = sender.send('group.delete', { group }, { id: 'c-1' });
    await clock.advance(100);
    bus.onStore = () => Promise.resolve({ status: 'stored', sequence: 1, duplicate: false });
    bus.connection('connected');
    await clock.advance(200);
    expect(bus.stored).toHaveLength(2);
    accept('c-1');
    await expect(sent).resolves.toMatchObject({ status: 'accepted' });
  });

  it('fails at once on what the server refuses for good', async () => {
    const refused = new Failure({ code: 'unavailable', retryable: false, message: 'not permitted' });
    bus.onStore = () => Promise.reject(refused);
    await expect(sender.send('group.delete', { group })).rejects.toBe(refused);
  });

  it('stops on the signal and says that the command may still take effect', async () => {
    const abort = new AbortController();
    const sent = sender.send('group.delete', { group }, { id: 'c-1', signal: abort.signal });
    abort.abort();
    await expect(sent).rejects.toMatchObject({
      code: 'aborted',
      message: expect.stringContaining('may still take effect'),
    });
  });

  it('refuses an id that is no subject token before anything is sent', async () => {
    await expect(sender.send('group.delete', { group }, { id: 'a.b' })).rejects.toMatchObject({
      code: 'config-invalid',
    });
    expect(bus.stored).toHaveLength(0);
  });

  it('refuses more waiting commands than it may hold, and sends nothing of those', async () => {
    const sent = Array.from({ length: waitingCommandsMax }, () => sender.send('group.delete', { group }));
    await expect(sender.send('group.delete', { group })).rejects.toMatchObject({ code: 'overloaded', retryable: true });
    expect(bus.stored).toHaveLength(waitingCommandsMax);
    sender.close();
    const settled = await Promise.allSettled(sent);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('passes over outcomes of other clients of its principal', async () => {
    const sent = sender.send('group.delete', { group }, { id: 'c-1' });
    accept('somebody-else');
    accept('c-1');
    await expect(sent).resolves.toMatchObject({ id: 'c-1' });
  });
});
