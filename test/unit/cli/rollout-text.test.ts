import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { LiveView } from '../../../services/cli/live-view.ts';
import { createPaint } from '../../../services/cli/paint.ts';
import {
  addRolloutOptions,
  canarySteps,
  rolloutOf,
  type RolloutOptions,
} from '../../../services/cli/rollout-options.ts';
import { rolloutTree } from '../../../services/cli/rollout-page.ts';
import { rolloutPolicyText } from '../../../src/audit/policy-text.ts';
import { endOfView } from '../../../services/cli/rollout-watch.ts';
import { defaultRolloutPolicy, rolloutStatuses } from '../../../schemas/rollout.ts';
import type { RolloutView } from '../../../schemas/views.ts';

const now = 1_700_000_000_000;

function view(change: Partial<RolloutView> = {}): RolloutView {
  return {
    group: 'edge',
    rollout: 42,
    status: 'running',
    reason: '',
    askedAt: now - 12_000,
    endedAt: null,
    ended: null,
    targets: [{ project: 'orders', from: '1', to: '2' }],
    progress: null,
    ...change,
  } as RolloutView;
}

/** What the options say, or how the command line was wrong. */
function parsed(...words: string[]) {
  const command = addRolloutOptions(new Command('deploy'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    command.parse(words, { from: 'user' });
    return rolloutOf(command, command.opts<RolloutOptions>());
  } catch (caught) {
    return (caught as Error).message;
  }
}

describe('a rollout as options', () => {
  it('says nothing where nothing was said', () => {
    expect(parsed()).toBeUndefined();
  });

  it('takes each strategy with what belongs to it', () => {
    expect(parsed('--strategy', 'rolling', '--batch', '25%')).toEqual({ strategy: { kind: 'rolling', batch: '25%' } });
    expect(parsed('--strategy', 'canary', '--steps', '1:5m,50%:pause')).toEqual({
      strategy: {
        kind: 'canary',
        steps: [
          { servers: 1, bakeMs: 300_000 },
          { servers: '50%', pause: true },
        ],
        batch: 1,
      },
    });
    expect(parsed('--strategy', 'blue-green', '--keep', '30s')).toEqual({
      strategy: { kind: 'blue-green', standby: '50%', keepMs: 30_000 },
    });
    expect(parsed('--strategy', 'all-at-once', '--no-auto-rollback', '--error-rate-max', '1%')).toEqual({
      strategy: { kind: 'all-at-once' },
      autoRollback: false,
      errorRateMax: 0.01,
    });
  });

  it('takes back what figures are compared by', () => {
    expect(parsed('--error-rate-max', 'off', '--latency-ratio-max', 'off')).toEqual({
      errorRateMax: null,
      latencyRatioMax: null,
    });
  });

  it('takes what is probed, how long that may take, and that nothing is', () => {
    expect(parsed('--probe', '/orders/1')).toEqual({ probe: { path: '/orders/1' } });
    expect(parsed('--probe', '/{project}/ok', '--probe-timeout', '2s')).toEqual({
      probe: { path: '/{project}/ok', timeoutMs: 2_000 },
    });
    expect(parsed('--probe', 'off')).toEqual({ probe: null });
    expect(parsed('--probe', 'orders')).toMatch(/Write a path/);
    expect(parsed('--probe-timeout', '2s')).toMatch(/needs --probe/);
    expect(rolloutPolicyText({ ...defaultRolloutPolicy, probe: { path: '/orders/1' } })).toMatch(
      /, \/orders\/1 has to answer$/,
    );
  });

  it('refuses what belongs to another strategy, or to none', () => {
    expect(parsed('--strategy', 'all-at-once', '--batch', '2')).toMatch(/takes no --batch/);
    expect(parsed('--steps', '1')).toMatch(/needs --strategy/);
    expect(parsed('--strategy', 'canary')).toMatch(/needs --steps/);
    expect(parsed('--strategy', 'rolling', '--batch', '0')).toMatch(/a count of servers from 1/);
    expect(() => canarySteps('1:5m:10m')).toThrow(/servers\[:bake\]\[:pause\]/);
  });

  it('reads its own words back', () => {
    expect(rolloutPolicyText(defaultRolloutPolicy)).toBe(
      'rolling by 1, hot, 1 in motion at most, healthy for 10s, back by itself',
    );
  });
});

describe('the end of a rollout', () => {
  it('has an exit code of its own for each way to end', () => {
    const codes = Object.fromEntries(rolloutStatuses.map((status) => [status, endOfView(view({ status })).exitCode]));
    expect(codes).toEqual({
      running: 0,
      'rolling-back': 0,
      succeeded: 0,
      paused: 5,
      halted: 3,
      'rolled-back': 4,
      superseded: 3,
      withdrawn: 3,
    });
  });

  it('names what to type next, and why it came to this', () => {
    const { complaint } = endOfView(view({ status: 'halted', reason: 's1 failed: no port' }));
    expect(complaint?.message).toContain('s1 failed: no port');
    expect(complaint?.next).toContain('muster rollout retry orders edge');
  });
});

describe('a rollout as a tree', () => {
  it('names each server with its status, its version and how it stands', () => {
    const server = {
      status: 'ready',
      sinceAt: now - 3_000,
      version: '2',
      healthySince: now - 3_000,
      text: '',
    } as const;
    const progress = {
      policy: defaultRolloutPolicy,
      target: 0,
      step: 1,
      members: 2,
      moved: 1,
      healthy: 1,
      inMotion: 1,
      inMotionMax: 1,
      steps: [],
      batch: ['s1'],
      standby: null,
      servers: [
        { ...server, server: 's1', standing: 'healthy' },
        { ...server, server: 's2', standing: 'failed', healthySince: null, text: 'no\nport' },
      ],
      gate: { healthyDeadlineAt: now + 60_000, progressDeadlineAt: now + 120_000 },
      next: 'waits for s1',
      nextAt: now + 7_000,
    };
    const lines = rolloutTree(view({ progress } as never), { paint: createPaint(false), now });
    expect(lines[0]).toBe('orders 1 -> 2 on edge  > running for 12s (position 42)');
    expect(lines).toContain('|    s1  + ready 3s  2  healthy for 3s');
    expect(lines).toContain('|    s2  + ready 3s  2  failed: no port');
    expect(lines.at(-1)).toMatch(/waits for s1, in 7s at the latest .*1m to be healthy, the rollout 2m/);
  });
});

describe('a live view', () => {
  it('paints over what it painted, never wider or higher than the terminal, and leaves the last standing', () => {
    const written: string[] = [];
    const terminal = { isTTY: true, columns: 10, rows: 3, write: (text: string) => written.push(text) > 0 };
    let lines = ['a line that is too long', 'b', 'c', 'd'];
    const live = new LiveView(terminal, () => lines);
    live.touch();
    lines = ['end'];
    live.close();
    expect(written[0]?.endsWith('a line t…\nb\n')).toBe(true);
    expect(written[1]).toBe('\u001b[2A\r\u001b[0Jend\n');
    expect(written).toHaveLength(2);
  });

  it('leaves nothing where what it showed is told elsewhere', () => {
    const written: string[] = [];
    const terminal = { isTTY: true, columns: 10, rows: 3, write: (text: string) => written.push(text) > 0 };
    const live = new LiveView(terminal, () => ['one', 'two']);
    live.touch();
    live.clear();
    expect(written.at(-1)).toBe('\u001b[2A\r\u001b[0J');
    const unpainted = new LiveView(terminal, () => ['one']);
    unpainted.clear();
    expect(written).toHaveLength(2);
  });

  it('shows everything on a terminal that does not say how large it is', () => {
    const written: string[] = [];
    const terminal = { isTTY: true, columns: 0, rows: 0, write: (text: string) => written.push(text) > 0 };
    const live = new LiveView(terminal, () => ['one', 'two']);
    live.touch();
    live.close();
    expect(written[0]?.endsWith('one\ntwo\n')).toBe(true);
  });
});
