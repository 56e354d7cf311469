import { describe, expect, it } from 'vitest';
import type { GroupName } from '../../schemas/ids.ts';
import { diff } from '../../src/audit/diff.ts';
import { diffLines } from '../../src/audit/diff-text.ts';
import { cloneState } from '../../src/domain/fleet-state.ts';
import { ask, given } from '../support/decider-spec.ts';
import { digestA, digestB, registered } from '../support/fleet-facts.ts';

function fleet() {
  const { state } = given(registered('s1', 9_001), registered('s2', 9_002));
  for (const [version, digest] of [
    ['1.0', digestA],
    ['2.0', digestB],
  ] as const) {
    ask(state, 'project.publish', { project: 'orders', version, digest, bytes: 1 });
  }
  ask(state, 'deployment.request', { group: 'Production', project: 'orders', version: '1.0' });
  return state;
}

describe('the difference between two instants', () => {
  it('is nothing between a state and itself, whatever was refused meanwhile', () => {
    const before = fleet();
    const after = cloneState(before);
    ask(after, 'group.delete', { group: 'Production' });
    expect(diff(before, after)).toEqual([]);
  });

  it('names members, versions and policies, each with what it was and is', () => {
    const before = fleet();
    const after = cloneState(before);
    ask(after, 'server.join', { server: 's1', group: 'Production' });
    ask(after, 'deployment.request', { group: 'Production', project: 'orders', version: '2.0' });
    ask(after, 'group.configure', { group: 'Production', policy: { drainTimeoutMs: 7_000 } });
    ask(after, 'group.create', { group: 'Edge' });
    const changes = diff(before, after);
    expect(changes).toContainEqual({
      what: 'deployment',
      group: 'production',
      name: 'orders',
      before: { version: '1.0', digest: digestA },
      after: { version: '2.0', digest: digestB },
    });
    expect(changes).toContainEqual(expect.objectContaining({ what: 'member', name: 's1', before: null }));
    expect(changes).toContainEqual(
      expect.objectContaining({ what: 'policy', name: 'drainTimeoutMs', after: { value: 7_000 } }),
    );
    expect(diffLines(changes)).toEqual(
      expect.arrayContaining([
        '+ group edge (name Edge)',
        expect.stringMatching(/^~ production: policy drainTimeoutMs: \d+ → 7000$/),
        '+ production: member s1 (status syncing)',
        expect.stringMatching(/^~ production: deployment orders: version 1.0 → 2.0, digest a{12} → b{12}$/),
      ]),
    );
  });

  it('says the same backwards, the other way round', () => {
    const before = fleet();
    const after = cloneState(before);
    ask(after, 'server.join', { server: 's1', group: 'Production' });
    const turned = diff(after, before).map(({ before: was, after: is, ...rest }) => ({
      ...rest,
      before: is,
      after: was,
    }));
    expect(turned).toEqual(diff(before, after));
  });

  it('keeps to one group when asked, however its name is spelled, and says when there is none', () => {
    const before = fleet();
    const after = cloneState(before);
    ask(after, 'server.join', { server: 's1', group: 'Production' });
    ask(after, 'server.join', { server: 's2', group: 'Development' });
    const changes = diff(before, after, { group: 'PRODUCTION' as GroupName });
    expect(changes.map(({ group, name }) => [group, name])).toEqual([['production', 's1']]);
    expect(() => diff(before, after, { group: 'nowhere' as GroupName })).toThrow(/no group "nowhere"/);
  });
});
