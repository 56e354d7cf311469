import { describe, expect, it } from 'vitest';
import { defaultGroupPolicy } from '../../../schemas/policy.ts';
import { parseAsked } from '../../../src/domain/ask.ts';
import { eventBytesMax } from '../../../schemas/record.ts';
import { tooLarge } from '../../../src/domain/decide.ts';
import { issuedAheadMaxMs, repeatWindowMs } from '../../../src/domain/repeats.ts';
import { append, epoch, fact, given } from '../../support/decider-spec.ts';
import { created, deployed, published, registered } from '../../support/fleet-facts.ts';

const create = { group: 'edge' };

describe('asking twice', () => {
  it('under one id with one body is one event', () => {
    const spec = given();
    spec.when('group.create', create, { id: 'x' }).thenHappened('group.created', {
      group: 'edge',
      name: 'edge',
      policy: defaultGroupPolicy,
    });
    spec.when('group.create', create, { id: 'x' }).thenRepeats(2);
    expect(spec.state.position).toBe(2);
  });

  it('gives the first refusal again, though it would be allowed by now', () => {
    const spec = given();
    spec.when('group.delete', create, { id: 'x' }).thenRejected('unknown-group');
    append(spec.state, created('edge'));
    spec.when('group.delete', create, { id: 'x' }).thenRepeats(2);
  });

  it('with another body is refused, and the first outcome stays the outcome', () => {
    const spec = given();
    spec.when('group.create', create, { id: 'x', hash: 'first' });
    spec.when('group.create', { group: 'core' }, { id: 'x', hash: 'second' }).thenRejected('id-reused', /position 2/);
    spec.when('group.create', create, { id: 'x', hash: 'first' }).thenRepeats(2);
    spec.when('group.create', { group: 'core' }, { id: 'x', hash: 'second' }).thenRejected('id-reused', /position 2/);
  });

  it('ids are per principal', () => {
    const spec = given();
    spec.when('group.create', create, { id: 'x' });
    spec.when('group.create', create, { id: 'x', principal: 'bob' }).thenRejected('group-exists');
  });

  it('a body that was refused unread is remembered under its id too', () => {
    const spec = given();
    spec.when('group.create', { gruop: 'edge' }, { id: 'x' }).thenRejected('invalid', /did you mean "group"\?/);
    spec.when('group.create', { gruop: 'edge' }, { id: 'x' }).thenRepeats(2);
  });
});

describe('the time a command was issued at', () => {
  const at = epoch + 10 * repeatWindowMs;
  it.each([
    ['just inside the window', at - repeatWindowMs, undefined],
    ['older than the window', at - repeatWindowMs - 1, 'too-old'],
    ['a little ahead of us', at + issuedAheadMaxMs, undefined],
    ['far ahead of us', at + issuedAheadMaxMs + 1, 'invalid'],
  ] as const)('%s', (_, issuedAt, code) => {
    const outcome = given().when('group.create', { ...create, issuedAt }, { at });
    if (code === undefined) expect(outcome.decision).toMatchObject({ event: { type: 'group.created' } });
    else outcome.thenRejected(code);
  });

  it('makes a repeat safe for ever: remembered, or too old, with no gap between', () => {
    for (const aheadMs of [0, issuedAheadMaxMs, -repeatWindowMs]) {
      const spec = given();
      const issuedAt = at + aheadMs;
      spec.when('group.create', { ...create, issuedAt }, { id: 'x', at });
      spec.when('group.delete', create, { at: at + 1 });
      // Other commands make time pass for the window, at every hour of three days.
      for (let hour = 1; hour < 72; hour += 1) {
        const later = at + hour * 3_600_000;
        spec.when('group.create', { group: `g${hour}` }, { at: later });
        const { decision } = spec.when('group.create', { ...create, issuedAt }, { id: 'x', at: later });
        if (decision.status === 'repeat') continue;
        expect(decision.event).toMatchObject({ data: { rejection: { code: 'too-old' } } });
      }
      expect(spec.state.groupById.has('edge' as never)).toBe(false);
    }
  });
});

describe('who may ask what', () => {
  const address = { host: 'h', port: 1 };
  it('a server registers, configures, drains and leaves as itself, and nothing else', () => {
    const spec = given(registered('s2'));
    const principal = 'srv_s1';
    spec.when('server.register', { server: 's1', address }, { principal }).thenHappened('server.registered', {
      server: 's1',
      address,
      labels: {},
    });
    spec.when('server.configure', { server: 's1', weight: 1 }, { principal });
    spec.when('server.leave', { server: 's1' }, { principal }).thenRejected('server-not-in-group');
    spec.when('server.drain', { server: 's1' }, { principal }).thenRejected('server-not-in-group');
    for (const type of ['server.drain', 'server.leave'])
      spec.when(type, { server: 's2' }, { principal }).thenRejected('forbidden');
    for (const type of ['server.uncordon', 'server.cordon', 'server.retry'])
      spec.when(type, { server: 's1' }, { principal }).thenRejected('forbidden');
    spec.when('server.register', { server: 's2', address }, { principal }).thenRejected('forbidden');
    spec.when('server.retire', { server: 's1' }, { principal }).thenRejected('forbidden');
    spec.when('group.create', create, { principal }).thenRejected('forbidden');
  });

  it('a balancer registers and retires as itself, and nothing else', () => {
    const spec = given();
    const principal = 'bal_lb';
    const lb = { kind: 'haproxy', groups: 'all' };
    spec.when('balancer.register', { ...lb, balancer: 'other' }, { principal }).thenRejected('forbidden');
    spec.when('balancer.register', { ...lb, balancer: 'lb' }, { principal });
    spec.when('server.leave', { server: 'lb' }, { principal }).thenRejected('forbidden');
    spec
      .when('balancer.retire', { balancer: 'lb' }, { principal })
      .thenHappened('balancer.retired', { balancer: 'lb' });
  });

  it('the coordinator asks for nothing, and nobody says what it alone may say', () => {
    given().when('group.create', create, { principal: 'system' }).thenRejected('forbidden');
    given().when('server.ready', {}).thenRejected('system-only');
    given().when('coordinator.elected', { term: 9 }, { principal: 'system' }).thenRejected('system-only');
  });
});

describe('a condition on the position', () => {
  const facts = [created('edge'), registered('s1'), published('orders', '1'), deployed('orders', '1', 'edge')];
  it.each([
    ['group.configure', { group: 'edge', policy: { drainTimeoutMs: 1 } }, 2],
    ['group.set-servers', { group: 'EDGE', servers: ['s1'] }, 2],
    ['server.retire', { server: 's1' }, 3],
    ['project.deprecate', { project: 'orders' }, 4],
    ['deployment.withdraw', { group: 'edge', project: 'orders' }, 5],
    ['group.create', { group: 'new' }, 0],
    ['balancer.register', { balancer: 'lb', kind: 'nginx', groups: 'all' }, 0],
  ])('%s holds exactly while what it changes is as it was', (type, body, changedAt) => {
    for (const ifPosition of [changedAt + 1, changedAt === 0 ? 7 : 0]) {
      const rejection = given(...facts)
        .when(type, { ...body, ifPosition })
        .thenRejected('conflict');
      expect(rejection.field).toBe('ifPosition');
    }
    const { decision } = given(...facts).when(type, { ...body, ifPosition: changedAt });
    expect(decision).toMatchObject({ status: 'decided', event: { position: 6 } });
    expect(decision).not.toMatchObject({ event: { type: 'command.rejected' } });
  });
});

describe('reading what was sent', () => {
  const refused = (type: string, body: unknown) => {
    const asked = parseAsked(type, body);
    return asked.kind === 'refused' ? asked : undefined;
  };

  it('splits the envelope from the payload', () => {
    expect(parseAsked('group.create', { group: 'edge', id: 'x', reason: 'why', ifPosition: 0 })).toEqual({
      kind: 'command',
      command: { type: 'group.create', payload: { group: 'edge' } },
      envelope: { id: 'x', reason: 'why', ifPosition: 0 },
    });
  });

  it('names the field, lists those there are, and suggests the closest', () => {
    expect(refused('server.join', { server: 's1', gruop: 'edge' })?.rejection).toEqual({
      code: 'invalid',
      message: 'there is no field "gruop"; did you mean "group"?',
      field: 'gruop',
      next: 'fields are server, group, id, issuedAt, ifPosition, reason',
    });
    expect(refused('group.create', { group: 'edge', policy: { drain: 1 } })?.rejection.field).toBe('policy.drain');
    expect(refused('server.join', { server: 's1' })?.rejection.message).toBe('field "group" is missing');
    expect(refused('group.set-servers', { group: 'edge', servers: ['ok', 'Not ok'] })?.rejection.field).toBe(
      'servers.1',
    );
    expect(refused('group.set-servers', { group: 'edge' })?.rejection.message).toMatch(/either "servers"/);
    expect(refused('group.create', { group: 'edge', issuedAt: 'now' })?.rejection.field).toBe('issuedAt');
  });

  it('keeps what is readable of the envelope of a refused body', () => {
    expect(refused('group.create', { group: 4, id: 'x', reason: 5 })?.envelope).toEqual({ id: 'x' });
  });

  it('suggests the command meant', () => {
    expect(refused('group.creat', {})?.rejection.message).toMatch(/did you mean "group.create"\?/);
    expect(refused('constructor', {})?.rejection.code).toBe('unknown-command');
  });

  it('takes nothing but a map, and pollutes nothing', () => {
    for (const body of [null, 1, 'x', [], new Uint8Array(3), undefined]) {
      expect(refused('group.create', body)?.rejection.code).toBe('malformed');
    }
    const hostile: unknown = JSON.parse('{"group":"edge","__proto__":{"polluted":true},"id":"x"}');
    expect(refused('group.create', hostile)?.rejection).toMatchObject({ code: 'invalid', field: '__proto__' });
    expect(refused('group.create', JSON.parse('{"__proto__":{"group":"edge"}}'))).toBeDefined();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('stays small whatever is sent', () => {
    const long = 'y'.repeat(200_000);
    for (const [type, body] of [
      [long, {}],
      ['group.create', { [long]: 1 }],
      ['group.create', { group: long }],
      ['group.create', { group: 'edge', policy: { [long]: 1 } }],
    ] as const) {
      const { decision } = given().when(type, body);
      expect(JSON.stringify(decision).length).toBeLessThan(2_000);
    }
  });
});

describe('an event too large for a record', () => {
  it('becomes its refusal, in its place, under its id', () => {
    const spec = given(created('edge'), ...Array.from({ length: 3 }, (_, index) => registered(`s${index}`)));
    const { position } = spec.state;
    const event = append(
      spec.state,
      fact('group.servers-set', { group: 'edge', joined: ['s0'], leaving: [], drainTimeoutMs: 1 }),
    );
    const instead = tooLarge(
      { ...event, command: { id: 'x' as never, hash: 'h' }, warnings: ['w'] },
      eventBytesMax + 1,
    );
    expect(instead).toMatchObject({
      type: 'command.rejected',
      position: position + 1,
      at: event.at,
      principal: 'alice',
      command: { id: 'x', hash: 'h' },
      data: { command: 'group.set-servers', rejection: { code: 'too-large', next: expect.stringContaining('split') } },
    });
    expect(instead).not.toHaveProperty('warnings');
  });
});

describe('a body', () => {
  it('is parted into the envelope and the payload, and neither holds what is the other’s', () => {
    const envelope = { id: 'x', issuedAt: epoch, ifPosition: 4, reason: 'why' };
    expect(parseAsked('server.configure', { server: 's1', weight: 3, ...envelope })).toEqual({
      kind: 'command',
      command: { type: 'server.configure', payload: { server: 's1', weight: 3 } },
      envelope,
    });
  });

  it('that breaks a rule between fields is refused though each of them is well-formed', () => {
    const asked = parseAsked('group.set-servers', { group: 'edge', servers: [], add: ['s1'], id: 'x' });
    expect(asked).toMatchObject({ kind: 'refused', envelope: { id: 'x' }, rejection: { code: 'invalid' } });
  });
});
