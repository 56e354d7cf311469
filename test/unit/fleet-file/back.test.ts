/** A group as it was, declared: planned from now, it is what it takes to go back. */
import { describe, expect, it } from 'vitest';
import type { GroupName, ServerId } from '../../../schemas/ids.ts';
import { cloneState } from '../../../src/domain/fleet-state.ts';
import { groupThen } from '../../../src/fleet-file/back.ts';
import { planOf } from '../../../src/fleet-file/plan.ts';
import { badVersion } from '../lifecycle/played-agent.ts';
import { PlayedFleet } from '../lifecycle/played-fleet.ts';

const digest = 'a'.repeat(64);
const group = 'Production' as GroupName;
const quick = { minHealthyMs: 2_000, healthyDeadlineMs: 20_000, progressDeadlineMs: 25_000 };

function rounds(fleet: PlayedFleet, count: number): void {
  for (let round = 0; round < count; round += 1) fleet.round();
}

function changed() {
  const fleet = new PlayedFleet();
  for (const project of ['orders', 'users']) {
    for (const version of ['1', '2', badVersion]) {
      fleet.command('project.publish', { project, version, digest, bytes: 1 });
    }
  }
  for (const server of ['s1', 's2', 's3', 's4']) fleet.register(server);
  fleet.command('group.set-servers', { group, add: ['s1', 's2', 's3'] });
  rounds(fleet, 6);
  fleet.command('deployment.request', { group, project: 'orders', version: '1', rollout: quick });
  rounds(fleet, 20);
  // Under way, and never to succeed: it is not what the group was.
  fleet.command('deployment.request', { group, project: 'orders', version: badVersion, rollout: quick });
  fleet.command('deployment.request', { group, project: 'users', version: badVersion, rollout: quick });
  const past = cloneState(fleet.state);
  rounds(fleet, 60);
  fleet.command('deployment.withdraw', { group, project: 'users' });
  fleet.command('deployment.request', { group, project: 'orders', version: '2', rollout: quick });
  rounds(fleet, 40);
  fleet.command('deployment.request', { group, project: 'users', version: '2', rollout: quick });
  rounds(fleet, 40);
  fleet.command('group.configure', { group, policy: { drainTimeoutMs: 1_234, rollout: { failuresAllowed: 7 } } });
  fleet.command('server.move', { server: 's1', group: 'Development' });
  fleet.command('server.retire', { server: 's3' });
  fleet.command('server.join', { server: 's4', group });
  rounds(fleet, 40);
  return { fleet, past };
}

describe('a group, back to an earlier instant', () => {
  const { fleet, past } = changed();
  const back = groupThen({ past, now: fleet.state }, group);
  if (back === undefined) throw new Error('it was there');

  it('is planned as policy, members and versions, and nothing about any other group', () => {
    const { changes, kept } = planOf(fleet.state, {
      file: back.file,
      packedByProject: new Map(),
      prune: true,
      scope: 'groups',
    });
    expect(changes.map(({ command }) => command)).toEqual([
      expect.objectContaining({ type: 'group.configure' }),
      { type: 'group.set-servers', payload: { group, remove: ['s4'] } },
      { type: 'server.move', payload: { server: 's1', group } },
      { type: 'deployment.request', payload: { group, project: 'orders', version: '1' } },
      { type: 'deployment.withdraw', payload: { group, project: 'users' } },
    ]);
    expect(changes[0]?.text).toContain('drainTimeoutMs 1234 -> 30000');
    expect(kept).toEqual([]);
  });

  it('says what cannot come back, and what had never succeeded', () => {
    expect(back.without).toEqual([
      expect.stringContaining('server s3'),
      expect.stringContaining(`users@${badVersion}`),
    ]);
  });

  it('is what it was once that is carried out', () => {
    const plan = planOf(fleet.state, { file: back.file, packedByProject: new Map(), prune: true, scope: 'groups' });
    for (const { command } of plan.changes) {
      fleet.command(command.type, command.payload);
      rounds(fleet, 90);
    }
    const [was, is] = [past, fleet.state].map((state) => state.groupById.get('production' as never));
    expect(is?.policy).toEqual(was?.policy);
    expect([...(is?.servers ?? [])].sort()).toEqual(['s1', 's2'] satisfies readonly string[] as ServerId[]);
    expect(
      [...(is?.deploymentByProject.values() ?? [])].map(({ project, version }) => `${project}@${version}`),
    ).toEqual(['orders@1']);
    const again = planOf(fleet.state, { file: back.file, packedByProject: new Map(), prune: true, scope: 'groups' });
    expect(again.changes).toEqual([]);
  });

  it('is not there where there was no such group', () => {
    expect(groupThen({ past, now: fleet.state }, 'Nowhere' as GroupName)).toBeUndefined();
  });
});
