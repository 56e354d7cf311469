import { describe, expect, it } from 'vitest';
import { statusOf } from '../../../src/domain/membership.ts';
import type { Proposal } from '../../../src/domain/propose.ts';
import { desiredRelease } from '../../../src/domain/release.ts';
import type { Fact } from '../../../src/domain/ruling.ts';
import { append, given } from '../../support/decider-spec.ts';
import {
  created,
  deployed,
  draining,
  failed,
  joined,
  leaving,
  lost,
  published,
  ready,
  registered,
  succeeded,
} from '../../support/fleet-facts.ts';

type Spec = ReturnType<typeof given>;
const base: readonly Fact[] = [
  created('edge'),
  ...['1', '2', '3'].map((version) => published('orders', version)),
  ...['s1', 's2', 's3'].map((id) => registered(id)),
];
const overtaken = expect.objectContaining({ code: 'overtaken' });
const isSucceeded = (version: string) =>
  ({ type: 'deployment.succeeded', data: { group: 'edge', project: 'orders', version } }) as unknown as Proposal;
const edge = (spec: Spec) => spec.state.groupById.get('edge' as never);
const deployment = (spec: Spec) => edge(spec)?.deploymentByProject.get('orders' as never);
const server = (spec: Spec, id: string) => spec.state.serverById.get(id as never);
const holds = (spec: Spec, id: string) =>
  desiredRelease(deployment(spec) as never, server(spec, id)?.member as never).version as string;
const proves = (spec: Spec, id: string) => append(spec.state, ready(id, 'edge', spec.state.position));

/** s1 holds version 1, which has succeeded; version 2 is asked for. */
function afterSecond(): Spec {
  const spec = given(...base, joined('s1', 'edge'), deployed('orders', '1', 'edge'));
  proves(spec, 's1');
  for (const event of [succeeded('orders', '1', 'edge'), deployed('orders', '2', 'edge')]) append(spec.state, event);
  return spec;
}

describe('joining gets what worked', () => {
  it('who was there tries the new version, who joins gets the last good one until it has succeeded', () => {
    const spec = afterSecond();
    append(spec.state, joined('s2', 'edge'));
    expect([holds(spec, 's1'), holds(spec, 's2')]).toEqual(['2', '1']);
    proves(spec, 's2');
    expect(spec.proposed(isSucceeded('2'))).toEqual(overtaken);
    proves(spec, 's1');
    const before = edge(spec)?.deploymentsChangedAt;
    expect(spec.proposed(isSucceeded('2'))).toMatchObject({ data: { evidence: { servers: 1 } } });
    expect([holds(spec, 's1'), holds(spec, 's2')]).toEqual(['2', '2']);
    expect(edge(spec)?.deploymentsChangedAt).toBe(spec.state.position);
    expect(before).toBeLessThan(spec.state.position);
    expect(deployment(spec)).toMatchObject({ succeededAt: spec.state.position, lastGood: null });
    expect(spec.proposed(isSucceeded('2'))).toEqual(overtaken);
  });

  it('a success that changes nobody’s set tells nobody anything', () => {
    const spec = afterSecond();
    proves(spec, 's1');
    const before = edge(spec)?.deploymentsChangedAt;
    spec.proposed(isSucceeded('2'));
    expect(edge(spec)?.deploymentsChangedAt).toBe(before);
  });

  it('keeps the last good version through several that fail, and gives none after a withdrawal', () => {
    const spec = afterSecond();
    append(spec.state, deployed('orders', '3', 'edge'));
    append(spec.state, joined('s2', 'edge'));
    expect([holds(spec, 's1'), holds(spec, 's2')]).toEqual(['3', '1']);
    spec.when('deployment.withdraw', { group: 'edge', project: 'orders' });
    append(spec.state, deployed('orders', '2', 'edge'));
    expect(deployment(spec)?.lastGood).toBeNull();
    expect(holds(spec, 's2')).toBe('2');
  });

  it('does not retire the version that joiners fall back to', () => {
    const spec = afterSecond();
    const retire = { project: 'orders', version: '1' };
    spec.when('project.retire', retire).thenRejected('project-deployed', /for who joins/);
    proves(spec, 's1');
    spec.proposed(isSucceeded('2'));
    spec.when('project.retire', retire).thenHappened('project.retired', retire);
  });
});

describe('a version has succeeded', () => {
  it('when every witness has proved it, and not by nobody', () => {
    const spec = given(...base, deployed('orders', '1', 'edge'));
    expect(spec.proposed(isSucceeded('1'))).toEqual(overtaken);
    for (const id of ['s1', 's2']) append(spec.state, joined(id, 'edge'));
    proves(spec, 's1');
    expect(spec.proposed(isSucceeded('1'))).toEqual(overtaken);
    append(spec.state, failed('s2', 'edge', spec.state.position));
    expect(spec.proposed(isSucceeded('1'))).toEqual(overtaken);
    proves(spec, 's2');
    expect(spec.proposed(isSucceeded('7'))).toEqual(overtaken);
    expect(spec.proposed(isSucceeded('1'))).toMatchObject({ data: { evidence: { servers: 2 } } });
  });

  it.each([
    ['lost', lost('s2', 'edge')],
    ['leaving', leaving('s2', 'edge')],
    ['drained', draining('s2', 'edge')],
  ])('without a server that is %s', (_, event) => {
    const spec = given(...base, joined('s1', 'edge'), joined('s2', 'edge'), deployed('orders', '1', 'edge'));
    proves(spec, 's1');
    expect(spec.proposed(isSucceeded('1'))).toEqual(overtaken);
    append(spec.state, event);
    expect(spec.proposed(isSucceeded('1'))).toMatchObject({ data: { evidence: { servers: 1 } } });
  });

  it('is opened to all when nobody is left to prove it, so that joiners try it', () => {
    const spec = afterSecond();
    append(spec.state, joined('s2', 'edge'));
    expect(spec.proposed(isSucceeded('2'))).toEqual(overtaken);
    append(spec.state, lost('s1', 'edge'));
    expect(spec.proposed(isSucceeded('2'))).toMatchObject({ data: { evidence: { servers: 0 } } });
    expect(holds(spec, 's2')).toBe('2');
  });
});

describe('any new desired set', () => {
  it('leaves failed, for whom it is new', () => {
    const spec = afterSecond();
    append(spec.state, joined('s2', 'edge'));
    for (const id of ['s1', 's2']) append(spec.state, failed(id, 'edge', spec.state.position));
    const statuses = () => ['s1', 's2'].map((id) => statusOf(server(spec, id) as never));
    append(spec.state, succeeded('orders', '2', 'edge'));
    expect(statuses()).toEqual(['failed', 'syncing']);
    append(spec.state, deployed('orders', '3', 'edge'));
    expect(statuses()).toEqual(['ready', 'syncing']);
  });
});
