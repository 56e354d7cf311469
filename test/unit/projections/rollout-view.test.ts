import { describe, expect, it } from 'vitest';
import { rolloutViews } from '../../../src/projections/rollout-view.ts';
import { RolloutView } from '../../../schemas/views.ts';
import { PlayedGroup } from '../rollout/played-group.ts';

const shown = (played: PlayedGroup) => rolloutViews(played.state, played.observed, { group: played.group });

describe('a rollout as people read it', () => {
  it('says how far it is, who holds what, what it is judged by, and what comes next', () => {
    const played = new PlayedGroup(3);
    const { id } = played.request({ minHealthyMs: 5_000 });
    played.rounds(3);
    const [view] = shown(played);
    expect(() => RolloutView.parse(view)).not.toThrow();
    expect(view).toMatchObject({
      rollout: id,
      status: 'running',
      targets: [{ project: 'orders', from: '1', to: '2' }],
      progress: {
        step: 0,
        members: 3,
        moved: 1,
        healthy: 1,
        inMotionMax: 1,
        batch: ['s0'],
        next: 'watches 1 healthy server',
      },
    });
    expect(view?.progress?.servers.map(({ server, version, standing }) => [server, version, standing])).toEqual([
      ['s0', '2', 'healthy'],
      ['s1', '1', 'untold'],
      ['s2', '1', 'untold'],
    ]);
    expect(view?.progress?.nextAt).toBeGreaterThan(played.now);
  });

  it('names the server and its text when it has failed, and how it ended when it is over', () => {
    const played = new PlayedGroup(3);
    played.verdicts.set('s0/orders@2', 'fails');
    const rollout = played.request({ autoRollback: false });
    played.settle();
    expect(shown(played)[0]).toMatchObject({ status: 'halted', reason: expect.stringContaining('s0 (orders@2:') });
    expect(shown(played)[0]?.progress).toMatchObject({ next: 'waits for a person: retry or abort', inMotionMax: 1 });
    played.does('aborted', rollout);
    played.settle();
    expect(shown(played)[0]).toMatchObject({ status: 'rolled-back', progress: null });
    expect(shown(played)[0]?.endedAt).toBeGreaterThan(0);
  });
});
