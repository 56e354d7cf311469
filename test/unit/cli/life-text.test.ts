import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../../schemas/events.ts';
import { serverStatuses } from '../../../schemas/group-status.ts';
import { defaultGroupPolicy } from '../../../schemas/policy.ts';
import { BalancerView, GroupView, ServerView } from '../../../schemas/views.ts';
import { serversToEnter, trafficGroups } from '../../../src/changes/awaited.ts';
import { doneText, isStepIn } from '../../../services/cli/awaited.ts';
import { balancerTable } from '../../../services/cli/balancer-page.ts';
import { durationText, parseDuration } from '../../../src/std/durations.ts';
import { eventText, isTrouble } from '../../../src/audit/event-text.ts';
import { groupPage, groupTable } from '../../../services/cli/group-page.ts';
import { createPaint } from '../../../services/cli/paint.ts';
import { policyOf } from '../../../services/cli/policy-options.ts';
import { serverPage, serverTable } from '../../../services/cli/server-page.ts';
import { marked } from '../../../services/cli/status-text.ts';
import { packageVersion } from '../../../services/cli/version.ts';
import { samples } from '../../golden/samples.ts';

const plain = createPaint(false);
const now = Date.now();
// Ages are told in seconds: a busy machine loses one between here and the claim.
beforeAll(() => void vi.useFakeTimers({ now, toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

const head = { position: 9, version: 1, at: 1, principal: 'ada' };
const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };

function event(type: Event['type'], data: object): Event {
  return { ...head, type, data } as unknown as Event;
}

function server(changes: object = {}): ServerView {
  return ServerView.parse({
    server: 'web1',
    status: 'ready',
    sinceAt: now - 5_000,
    since: 12,
    group: 'production',
    address: { host: '10.0.0.1', port: 8_080 },
    weight: 1,
    labels: {},
    agent: null,
    changedAt: 7,
    desired: [],
    held: [],
    sync: null,
    admittedAt: 12,
    receipt: 12,
    inFlight: 0,
    traffic: null,
    seenAt: now,
    failures: [],
    cordoned: false,
    inPool: true,
    reason: '',
    next: 'takes traffic',
    ...changes,
  });
}

function group(statuses: readonly string[], { held = null as string | null, servers = 20 } = {}): GroupView {
  const counts = Object.fromEntries(
    serverStatuses.map((status) => [status, statuses.filter((each) => each === status).length]),
  );
  return GroupView.parse({
    group: 'production',
    name: 'Production',
    policy: { ...defaultGroupPolicy, drainTimeoutMs: 45_000 },
    changedAt: 5,
    servers: statuses.map((status, index) => ({ server: `web${index}`, status })),
    deployments: [],
    status: {
      log: 'log-0001',
      term: 1,
      position: 20,
      group: 'production',
      desired: 10,
      counts,
      servers,
      pool: 20,
      balancers: 20,
      balancerPositions: {},
      held,
      laggards: [],
    },
  });
}

describe('an event in a sentence', () => {
  it('is there for every type, on one line', () => {
    for (const sample of samples()) {
      const { type } = sample;
      const text = eventText(sample);
      expect(text, type).toMatch(/^[^\n]{10,}$/);
      expect(text, type).not.toMatch(/undefined|\[object|NaN/);
    }
  });

  it('tells of a group’s policy how new versions reach it', () => {
    const rollout = { ...defaultGroupPolicy.rollout, change: 'drain-first', probe: { path: '/orders/1' } };
    const policy = { ...defaultGroupPolicy, rollout };
    expect(eventText(event('group.configured', { group: 'production', policy }))).toBe(
      'group production: drains for 30s at most, lease 6s, 10 sync at a time, floor 50 % within 5m; ' +
        'rollouts: rolling by 1, drain-first, 1 in motion at most, healthy for 10s, back by itself, /orders/1 has to answer',
    );
  });

  it('tells that nobody could count what a drain cut off', () => {
    const cut = { inFlight: 0, uncounted: true, deadlinePassed: true, unconfirmed: [] };
    expect(eventText(event('server.drained', { server: 'web1', group: 'production', evidence: cut }))).toBe(
      'server web1 is drained: out of the pool of production, cut off at the deadline with whatever was in flight, which nobody could count',
    );
  });

  it('tells what a drain cut off, and who had not confirmed', () => {
    const cut = { inFlight: 3, deadlinePassed: true, unconfirmed: ['haproxy'] };
    const drained = event('server.drained', { server: 'web1', group: 'production', evidence: cut });
    expect(eventText(drained)).toBe(
      'server web1 is drained: out of the pool of production, cut off at the deadline with 3 in flight, haproxy had not confirmed',
    );
    const left = event('server.left', { server: 'web1', group: 'a', next: { to: 'group', group: 'b' }, evidence });
    expect(eventText(left)).toBe('server web1 has left a for b');
  });

  it('tells a server that tries again from one that has given up, and lets no text of a server break the line', () => {
    const failures = [{ project: 'orders', version: '2', text: 'exit 1\n\u001b[2Jboom' }];
    const failed = (final: boolean) =>
      eventText(event('server.sync-failed', { server: 'web1', group: 'production', covers: 3, failures, final }));
    expect(failed(false)).toBe('server web1 could not apply orders@2 (exit 1 [2Jboom); it tries again');
    expect(failed(true)).toContain('it has given up');
  });

  it('says why a server is lost and what the floor did', () => {
    const lost = (changes: object) =>
      event('server.lost', {
        server: 'web1',
        group: 'production',
        cause: 'silent',
        held: false,
        evidence: { seenAt: 1, leaseMs: 6_000 },
        ...changes,
      });
    expect(eventText(lost({}))).toBe("server web1 is lost: no heartbeat for 6s; out of production's pool");
    expect(eventText(lost({ held: true }))).toContain('the floor keeps it in the pool of production');
    expect(eventText(lost({ cause: 'unhealthy', group: null }))).toBe('server web1 is lost: it says it is not well');
    const unwell = { cause: 'unhealthy', group: null, evidence: { seenAt: 1, leaseMs: 6_000, problem: 'GET /x\n500' } };
    expect(eventText(lost(unwell))).toBe('server web1 is lost: it says it is not well: GET /x 500');
    expect(isTrouble(lost({}))).toBe(true);
  });
});

describe('what a command waits for', () => {
  const about = { server: 'web1', group: 'production' };

  it('is its group’s traffic, but for a cordon, which changes no traffic', () => {
    for (const type of ['server.draining', 'server.uncordoned', 'server.retried', 'server.replacing'] as const) {
      expect(trafficGroups(event(type, about)), type).toEqual(['production']);
    }
    expect(trafficGroups(event('server.cordoned', about))).toEqual([]);
  });

  it('names who shall be in the pool at the end', () => {
    expect(serversToEnter(event('server.uncordoned', about))).toEqual(['web1']);
    expect(serversToEnter(event('group.servers-set', { group: 'a', joined: ['x'], leaving: ['y'] }))).toEqual(['x']);
    expect(serversToEnter(event('server.draining', about))).toEqual([]);
  });

  it('shows the steps of its groups alone', () => {
    expect(isStepIn(event('server.drained', { ...about, evidence }), ['production'])).toBe(true);
    expect(isStepIn(event('server.drained', { ...about, evidence }), ['staging'])).toBe(false);
    expect(isStepIn(event('server.lost', { ...about, group: null }), ['production'])).toBe(false);
  });

  it('ends with what is so then', () => {
    expect(doneText(event('server.draining', about), '').rest).toBe(': server web1 is out of the pool of production');
    const replacing = event('server.replacing', { ...about, by: 'web2' });
    expect(doneText(replacing, '').rest).toBe(': server web2 is in traffic, and server web1 has left production');
  });
});

describe('a list of servers', () => {
  it('gives each status a mark of its own before the word, so that it is seen without colours', () => {
    const marks = serverStatuses.map((status) => marked(status));
    expect(new Set(marks.map(([mark]) => mark)).size).toBe(serverStatuses.length);
    for (const status of serverStatuses) {
      const table = serverTable([server({ status })], plain);
      expect(table).toContain(marked(status));
      expect(serverTable([server({ status })], createPaint(true))).toContain('\u001b[');
    }
  });

  it('shows since when, why, what is next, and whether it is in the pool', () => {
    const failed = server({
      status: 'failed',
      reason: 'could not apply orders@2 (no\nport), and has given up',
      next: 'waits for: muster server retry web1',
      cordoned: true,
    });
    const [, row] = serverTable([failed], plain).split('\n');
    expect(row).toMatch(/^web1 +production +! failed +5s /);
    expect(row).toContain('in, cordoned');
    expect(row).toContain('could not apply orders@2 (no port), and has given up; waits for: muster server retry web1');
  });
});

describe('the page of a server', () => {
  it('shows each project that failed with its text', () => {
    const failures = [
      { project: 'orders', version: '2', text: 'port taken' },
      { project: 'users', version: '1', text: 'no such file' },
    ];
    const page = serverPage(server({ status: 'retrying', failures, inPool: false, cordoned: true }), plain);
    expect(page).toContain('! orders@2: port taken\n! users@1: no such file');
    expect(page).toMatch(/in pool +no/);
    expect(page).toMatch(/cordoned +yes; back with: muster server uncordon web1/);
    expect(page).toMatch(/status +~ retrying for 5s \(position 12\)/);
  });
});

describe('a list of groups', () => {
  it('says what needs people most', () => {
    const word = (...statuses: string[]) => groupTable([group(statuses)], plain).split('\n')[1] ?? '';
    expect(word('ready', 'failed', 'syncing')).toContain('! failed');
    expect(word('ready', 'lost')).toContain('? lost');
    expect(word('ready', 'retrying')).toContain('~ retrying');
    expect(word('ready', 'draining')).toContain('< draining');
    expect(word('ready', 'cordoned')).toContain('+ in traffic');
    expect(word()).toContain('- empty');
    expect(word('ready', 'ready', 'failed')).toContain('2 ready, 1 failed');
  });

  it('says failed, not syncing, of a ready server that could not take a newer set', () => {
    expect(groupTable([group(['failed'], { servers: 4 })], plain)).toContain('! failed');
    expect(groupTable([group(['ready'], { servers: 4 })], plain)).toContain('> syncing');
  });

  it('shows a held pool loudly, with its why, and so does the page', () => {
    const held = group(['lost', 'ready'], { held: 'since position 9: 1 of 2 are lost' });
    for (const text of [groupTable([held], plain), groupPage(held, plain)]) {
      expect(text).toContain('# HELD: the pool of Production since position 9: 1 of 2 are lost');
      expect(text).toContain('# held');
    }
    expect(groupTable([group(['ready'])], plain)).not.toContain('HELD');
  });
});

describe('a policy', () => {
  it('is shown in words that can be typed again', () => {
    const page = groupPage(group(['ready']), plain);
    for (const field of [
      /drain timeout +45s/,
      /lease +6s/,
      /syncs +10 at a time/,
      /floor +50 % .* 5m /,
      /rollouts +rolling by 1, hot/,
    ]) {
      expect(page).toMatch(field);
    }
    for (const ms of [0, 300, 1_500, 45_000, 90_000, 300_000, 7_200_000]) {
      expect(parseDuration(durationText(ms)), durationText(ms)).toBe(ms);
    }
  });

  it('takes from the options what was given alone', () => {
    expect(policyOf(new Command(), {})).toEqual({});
    expect(policyOf(new Command(), { lease: 9_000, floorPercent: 0 })).toEqual({ leaseMs: 9_000, floorPercent: 0 });
  });
});

describe('a list of balancers', () => {
  it('shows who is lost, and of each group how far behind it is and why', () => {
    const balancer = BalancerView.parse({
      balancer: 'lb1',
      kind: 'nginx',
      groups: 'all',
      changedAt: 3,
      status: 'lost',
      seenAt: now - 9_000,
      pools: [
        { group: 'development', applied: 12, lag: 0, error: null },
        { group: 'production', applied: 7, lag: 5, error: 'nginx -t: unknown directive' },
        { group: 'staging', applied: null, lag: 4, error: null },
      ],
    });
    const [, development, production, staging] = balancerTable([balancer], plain).split('\n');
    expect(development).toMatch(/^lb1 +nginx +\? lost +9s ago +development +position 12 +in step +-$/);
    expect(production).toMatch(/production +position 7 +5 behind +nginx -t: unknown directive$/);
    expect(staging).toContain('nothing yet');
  });
});

describe('the version', () => {
  it('is the package’s', () => {
    expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
