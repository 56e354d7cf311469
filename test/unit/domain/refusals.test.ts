import { describe, expect, it } from 'vitest';
import { type Rejection, type RejectionCode, rejectionCodes } from '../../../schemas/rejection.ts';
import { tooLarge } from '../../../src/domain/decide.ts';
import {
  balancersMax,
  deploymentsPerGroupMax,
  groupsMax,
  projectsMax,
  serversMax,
  versionsPerProjectMax,
} from '../../../src/domain/limits.ts';
import type { Fact } from '../../../src/domain/ruling.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { append, fact, given } from '../../support/decider-spec.ts';
import {
  created,
  deployed,
  digestA,
  digestB,
  joined,
  leaving,
  published,
  ready,
  registered,
} from '../../support/fleet-facts.ts';

const publish = { project: 'orders', version: '1', digest: digestA, bytes: 1 };
const member = [created('edge'), created('core'), registered('s1'), joined('s1', 'edge')];

function asked(facts: readonly Fact[], type: string, body: unknown, principal = 'alice'): Rejection {
  const spec = given();
  for (const happened of facts) append(spec.state, happened);
  const { decision } = spec.when(type, body, { principal });
  if (decision.status !== 'decided' || decision.event.type !== 'command.rejected') throw new Error('was not refused');
  return decision.event.data.rejection;
}

/** A missing code does not compile. */
const refusalByCode: Record<RejectionCode, () => Rejection> = {
  malformed: () => asked([], 'group.create', 7),
  'unknown-command': () => asked([], 'group.paint', {}),
  invalid: () => asked([], 'group.create', {}),
  forbidden: () => asked([], 'group.create', { group: 'edge' }, 'srv_s1'),
  'system-only': () => asked([], 'server.ready', {}),
  'id-reused': () => {
    const spec = given();
    spec.when('group.create', { group: 'edge' }, { id: 'x', hash: '1' });
    return spec.when('group.create', { group: 'edge' }, { id: 'x', hash: '2' }).thenRejected('id-reused');
  },
  'too-old': () => asked([], 'group.create', { group: 'edge', issuedAt: 1 }),
  'too-large': () => {
    const event = tooLarge(append(given().state, created('edge')), 400_000);
    if (event.type !== 'command.rejected') throw new Error('was not refused');
    return event.data.rejection;
  },
  conflict: () => asked([], 'group.delete', { group: 'Production', ifPosition: 9 }),
  unchanged: () => asked([], 'group.configure', { group: 'Production', policy: {} }),
  'unknown-group': () => asked([], 'group.delete', { group: 'edge' }),
  'unknown-server': () => asked([], 'server.leave', { server: 's1' }),
  'unknown-project': () => asked([], 'project.retire', { project: 'orders' }),
  'unknown-rollout': () => asked([], 'rollout.pause', { group: 'Production', project: 'orders' }),
  'unknown-version': () => asked([published('orders', '1')], 'project.retire', { project: 'orders', version: '2' }),
  'unknown-deployment': () => asked([], 'deployment.withdraw', { group: 'Production', project: 'orders' }),
  'unknown-balancer': () => asked([], 'balancer.retire', { balancer: 'lb' }),
  'group-exists': () => asked([], 'group.create', { group: 'PRODUCTION' }),
  'group-not-empty': () => asked(member, 'group.delete', { group: 'edge' }),
  'server-elsewhere': () => asked(member, 'server.join', { server: 's1', group: 'core' }),
  'server-not-in-group': () => asked([registered('s1')], 'server.leave', { server: 's1' }),
  'server-leaving': () => asked([...member, leaving('s1', 'edge')], 'server.leave', { server: 's1' }),
  'version-exists': () => asked([published('orders', '1')], 'project.publish', { ...publish, digest: digestB }),
  'project-retired': () =>
    asked([published('orders', '1'), fact('project.retired', { project: 'orders' })], 'project.publish', publish),
  'project-deployed': () =>
    asked([created('edge'), published('orders', '1'), deployed('orders', '1', 'edge')], 'project.retire', {
      project: 'orders',
    }),
  overtaken: () => given(...member).proposed(ready('s1', 'core', 5) as never) as Rejection,
  'limit-reached': () =>
    asked(
      Array.from({ length: groupsMax - 2 }, (_, index) => created(`g${index}`)),
      'group.create',
      { group: 'one-more' },
    ),
};

describe('every refusal', () => {
  it.each(rejectionCodes)('%s: has its code, and a sentence', (code) => {
    const rejection = refusalByCode[code]();
    expect(rejection.code).toBe(code);
    expect(rejection.message.split(' ').length).toBeGreaterThanOrEqual(4);
    expect(rejection.message).not.toMatch(/undefined|null|\[object/);
  });
});

describe('a refusal of what is long', () => {
  /** Text that is cut wherever it is: one of two neighbours has the cut within a pair of surrogates. */
  const texts = ['', 'x'].map((begin) => begin + '\u{1f600}'.repeat(200));

  it.each(texts)('is told as the log gives it back, nothing cut within a character: %s', (text) => {
    for (const [type, body] of [
      ['group.create', { group: 'Edge', [text]: 1 }],
      ['group.configure', { group: 'Production', policy: { rollout: { [text]: 1 } } }],
      ['server.leave', { server: text }],
      [`group.${text}`, {}],
    ] as const) {
      const { decision } = given().when(type, body);
      if (decision.status !== 'decided') throw new Error('was not decided');
      expect(decision.event.type).toBe('command.rejected');
      expect(decode(encode(decision.event))).toEqual(decision.event);
    }
  });
});

describe('a fleet holds no more than it may', () => {
  const many = (length: number, make: (index: number) => Fact) => Array.from({ length }, (_, index) => make(index));
  const server = (index: number) =>
    fact('server.registered', { server: `s${index}`, address: { host: `h${index}`, port: 1 }, labels: {} });
  const balancer = (index: number) =>
    fact('balancer.registered', { balancer: `b${index}`, kind: 'nginx', groups: 'all' });
  const project = (index: number) => published(`p${index}`, '1');
  const version = (index: number) => published('orders', `${index}`);
  const deployment = (index: number) => deployed(`p${index}`, '1', 'production');

  it.each<[string, readonly Fact[], string, object]>([
    ['servers', many(serversMax, server), 'server.register', { server: 'x', address: { host: 'x', port: 1 } }],
    ['projects', many(projectsMax, project), 'project.publish', publish],
    ['versions of a project', many(versionsPerProjectMax, version), 'project.publish', { ...publish, version: 'x' }],
    ['balancers', many(balancersMax, balancer), 'balancer.register', { balancer: 'x', kind: 'nginx', groups: 'all' }],
    [
      'deployments to a group',
      [published('orders', '1'), ...many(deploymentsPerGroupMax, deployment)],
      'deployment.request',
      { group: 'Production', project: 'orders', version: '1' },
    ],
  ])('%s', (_, facts, type, body) => {
    expect(asked(facts, type, body).code).toBe('limit-reached');
  });
});
