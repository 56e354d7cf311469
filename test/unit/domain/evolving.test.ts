import { describe, expect, it } from 'vitest';
import { defaultGroupPolicy } from '../../../schemas/policy.ts';
import { affects } from '../../../src/domain/affects.ts';
import { cloneState, emptyState } from '../../../src/domain/fleet-state.ts';
import type { Fact } from '../../../src/domain/ruling.ts';
import type { FleetState } from '../../../src/domain/state.ts';
import { append, fact, founded, stateOf } from '../../support/decider-spec.ts';
import {
  advanced,
  cordoned,
  created,
  deployed,
  drained,
  draining,
  failed,
  joined,
  leaving,
  left,
  lost,
  moving,
  published,
  ready,
  registered,
  released,
  replaced,
  replacing,
  retried,
  retiring,
  returned,
  succeeded,
  switched,
  uncordoned,
} from '../../support/fleet-facts.ts';

const base = [founded, created('edge'), created('core'), registered('s1', 1), published('orders', '1')];
const member = [...base, joined('s1', 'edge')];
const serving = [...member, ready('s1', 'edge', 6)];
const anew = (host: string): Fact =>
  fact('server.registered', { server: 's1', address: { host, port: 1 }, labels: {} });

/** Which of a fleet's marks an event moved to its own position. */
function marksMovedBy(facts: readonly Fact[], event: Fact): string[] {
  const state = stateOf(...facts);
  const { position } = append(state, event);
  return Object.entries(marksOf(state))
    .filter(([, mark]) => mark === position)
    .map(([name]) => name)
    .sort();
}

function marksOf(state: FleetState): Record<string, number | undefined> {
  const edge = state.groupById.get('edge' as never);
  const core = state.groupById.get('core' as never);
  const server = state.serverById.get('s1' as never);
  return {
    edge: edge?.changedAt,
    'edge deployments': edge?.deploymentsChangedAt,
    'edge pool': edge?.poolChangedAt,
    core: core?.changedAt,
    'core pool': core?.poolChangedAt,
    server: server?.changedAt,
    entry: server?.member?.entryAt,
    assignment: server?.assignedAt,
    since: server?.since,
    project: state.projectById.get('orders' as never)?.changedAt,
  };
}

describe('what each event marks as changed', () => {
  it.each<[string, readonly Fact[], Fact, string[]]>([
    ['joining', base, joined('s1', 'edge'), ['assignment', 'edge', 'entry', 'server', 'since']],
    ['becoming ready', member, ready('s1', 'edge', 6), ['edge pool', 'entry', 'since']],
    ['proving more', serving, ready('s1', 'edge', 7), []],
    ['failing first', member, failed('s1', 'edge', 6), ['since']],
    ['failing in the pool', serving, failed('s1', 'edge', 6), ['since']],
    ['leaving the pool', serving, leaving('s1', 'edge'), ['edge', 'edge pool', 'entry', 'server', 'since']],
    ['leaving before it was in', member, leaving('s1', 'edge'), ['edge', 'server', 'since']],
    ['moving', serving, moving('s1', 'edge', 'core'), ['core', 'edge', 'edge pool', 'entry', 'server', 'since']],
    ['retiring', member, retiring('s1', 'edge'), ['edge', 'server', 'since']],
    ['having left', [...serving, leaving('s1', 'edge')], left('s1', 'edge'), ['assignment', 'edge pool', 'since']],
    ['having left, never in', [...member, leaving('s1', 'edge')], left('s1', 'edge'), ['assignment', 'since']],
    ['deploying', serving, deployed('orders', '1', 'edge'), ['edge deployments']],
    ['an address, available', base, anew('other'), ['server']],
    ['an address, in the pool', serving, anew('other'), ['edge pool', 'entry', 'server']],
    ['an address, draining', [...serving, leaving('s1', 'edge')], anew('other'), ['edge pool', 'entry', 'server']],
    ['the same address', serving, anew('127.0.0.1'), []],
    [
      'weight',
      serving,
      fact('server.configured', { server: 's1', labels: {}, weight: 1 }),
      ['edge pool', 'entry', 'server'],
    ],
    ['labels', serving, fact('server.configured', { server: 's1', labels: { a: 'b' }, weight: 100 }), ['server']],
    ['a policy', serving, fact('group.configured', { group: 'edge', policy: defaultGroupPolicy }), ['edge']],
    ['cordoning', serving, cordoned('s1', 'edge'), ['server']],
    ['cordoning before it was in', member, cordoned('s1', 'edge'), ['server', 'since']],
    ['draining', serving, draining('s1', 'edge'), ['edge pool', 'entry', 'server', 'since']],
    ['draining before it was in', member, draining('s1', 'edge'), ['server', 'since']],
    ['having drained', [...serving, draining('s1', 'edge')], drained('s1', 'edge'), ['edge pool', 'since']],
    [
      'calling off a drain',
      [...serving, draining('s1', 'edge')],
      uncordoned('s1', 'edge'),
      ['edge pool', 'entry', 'server', 'since'],
    ],
    [
      'leaving while it drains',
      [...serving, draining('s1', 'edge')],
      leaving('s1', 'edge'),
      ['edge', 'edge pool', 'entry', 'server'],
    ],
    ['trying again', [...member, failed('s1', 'edge', 6)], retried('s1', 'edge'), ['since']],
    ['its absence', serving, lost('s1', 'edge'), ['edge pool', 'since']],
    ['its absence before it was in', member, lost('s1', 'edge'), ['since']],
    ['its absence, held', serving, lost('s1', 'edge', true), ['edge pool', 'entry', 'since']],
    ['its absence while it drains', [...serving, draining('s1', 'edge')], lost('s1', 'edge'), ['since']],
    ['its return, held', [...serving, lost('s1', 'edge', true)], returned('s1', 'edge'), ['since']],
    ['its return', [...serving, lost('s1', 'edge')], returned('s1', 'edge'), ['since']],
    ['a success', [...serving, deployed('orders', '1', 'edge')], succeeded('edge', serving.length + 1), []],
    ['publishing', serving, published('orders', '2'), ['project']],
    ['a refusal', serving, fact('command.rejected', { command: 'x', rejection: { code: 'invalid', message: '' } }), []],
  ])('%s', (_, before, event, moved) => {
    expect(marksMovedBy(before, event)).toEqual(moved);
  });

  it('arriving by a move makes the server a member there, but is progress', () => {
    const before = [...serving, moving('s1', 'edge', 'core')];
    const arriving = left('s1', 'edge', { to: 'group', group: 'core' });
    expect(marksMovedBy(before, arriving)).toEqual(['assignment', 'edge pool', 'entry', 'since']);
  });
});

describe('folding', () => {
  it('is total: what fits nothing changes nothing but position and time', () => {
    const odd = [
      joined('s9', 'edge'),
      joined('s1', 'nowhere'),
      ready('s1', 'core', 1),
      left('s1', 'edge'),
      leaving('s9', 'edge'),
      drained('s1', 'edge'),
      draining('s1', 'core'),
      cordoned('s9', 'edge'),
      uncordoned('s1', 'core'),
      retried('s1', 'core'),
      replacing('s1', 's9', 'edge'),
      replaced('s1', 's9', 'edge'),
      lost('s9', null),
      returned('s9', null),
      fact('pool.released', { group: 'nowhere' }),
      fact('pool.held', { group: 'nowhere', servers: [], size: 1, floor: 1 }),
      succeeded('edge', 99),
      fact('balancer.returned', { balancer: 'lb' }),
    ];
    const state = stateOf(...base);
    const before = cloneState(state);
    for (const event of odd) append(state, event);
    expect({ ...state, position: 0, at: 0 }).toEqual({ ...before, position: 0, at: 0 });
    expect(state.position).toBe(base.length + odd.length);
  });

  it('starts from nothing', () => {
    expect(emptyState()).toMatchObject({ fleet: null, log: null, term: 0, position: 0, at: 0 });
  });
});

describe('what an event concerns', () => {
  const state = stateOf(...serving);
  const first = (event: Fact) =>
    affects(append(stateOf(...serving), event), state).map(({ kind, id }) => `${kind}.${id}`);
  it.each<[Fact, string[]]>([
    [founded, ['fleet.main']],
    [fact('command.rejected', { command: 'x', rejection: { code: 'invalid', message: '' } }), ['fleet.main']],
    [moving('s1', 'edge', 'core'), ['group.core', 'group.edge', 'server.s1']],
    [left('s1', 'edge', { to: 'group', group: 'core' }), ['group.edge', 'group.core', 'server.s1']],
    [joined('s1', 'edge'), ['group.edge', 'server.s1']],
    [
      fact('group.servers-set', { group: 'edge', joined: ['a'], leaving: ['b'], drainTimeoutMs: 1 }),
      ['group.edge', 'server.a', 'server.b'],
    ],
    [anew('other'), ['server.s1', 'group.edge']],
    [fact('server.retired', { server: 's1' }), ['server.s1']],
    [draining('s1', 'edge'), ['group.edge', 'server.s1']],
    [replacing('s1', 's2', 'edge'), ['group.edge', 'server.s1', 'server.s2']],
    [lost('s1', 'edge'), ['server.s1', 'group.edge']],
    [returned('s1', null), ['server.s1']],
    [fact('pool.held', { group: 'edge', servers: ['s1'], size: 1, floor: 1 }), ['group.edge']],
    [succeeded('edge', 9), ['group.edge']],
    [released('edge', { orders: '1', users: '2' }), ['group.edge', 'project.orders', 'project.users']],
    [advanced('edge', 9, ['s1']), ['group.edge', 'server.s1']],
    [switched('edge', 9, { to: ['s1'], from: ['s2'] }), ['group.edge', 'server.s1', 'server.s2']],
    [fact('balancer.returned', { balancer: 'lb' }), ['balancer.lb']],
    [published('orders', '2'), ['project.orders']],
    [deployed('orders', '1', 'edge'), ['group.edge', 'project.orders']],
    [fact('balancer.registered', { balancer: 'lb', kind: 'haproxy', groups: ['edge'] }), ['balancer.lb', 'group.edge']],
  ])('$type', (event, concerns) => {
    expect(first(event)).toEqual(concerns);
  });
});
