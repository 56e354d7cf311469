import { describe, expect, it } from 'vitest';
import type { Digest, ProjectId, ProjectVersion } from '../../schemas/ids.ts';
import type { AppliedProject, Driver, ProjectProblem } from '../../src/agent/driver.ts';
import { applyLargest } from '../../src/agent/selection.ts';

const signal = new AbortController().signal;

function projectOf(name: string, version: string, proven = false): AppliedProject {
  const project = name as ProjectId;
  const digest = '0'.repeat(64) as Digest;
  return {
    project,
    version: version as ProjectVersion,
    digest,
    folder: '',
    file: { name: project, routes: [] },
    proven,
  };
}

/** A gateway that takes every set `judge` has nothing against. */
function driverOf(judge: (set: readonly AppliedProject[]) => readonly ProjectProblem[]): {
  driver: Driver;
  sets: string[];
} {
  const sets: string[] = [];
  const driver: Driver = {
    name: 'fake',
    start: () => Promise.resolve({}),
    apply: async (set) => {
      sets.push(set.map(({ project, version }) => `${project}@${version}`).join(' '));
      return judge(set);
    },
    setServing: () => Promise.resolve(),
    inFlight: () => 0,
    health: () => Promise.resolve([]),
    stop: () => Promise.resolve(),
  };
  return { driver, sets };
}

const choiceOf = (...candidates: AppliedProject[]) => ({
  project: (candidates[0] as AppliedProject).project,
  candidates,
});

describe('the largest set a driver takes', () => {
  it('has the last good version of what fails, and nothing of what never worked', async () => {
    const { driver, sets } = driverOf((set) =>
      set.filter(({ version }) => version === '2').map(({ project }) => ({ project, text: `${project} is broken` })),
    );
    const choices = [
      choiceOf(projectOf('a', '2'), projectOf('a', '1', true)),
      choiceOf(projectOf('b', '1')),
      choiceOf(projectOf('c', '2')),
    ];
    const { set, textByProject } = await applyLargest(driver, choices, signal);
    expect(sets).toEqual(['a@2 b@1 c@2', 'a@1 b@1']);
    expect(set).toHaveLength(2);
    expect([...textByProject]).toEqual([
      ['a', 'a is broken'],
      ['c', 'c is broken'],
    ]);
  });

  it('suspects what is new when a driver blames nobody', async () => {
    const { driver, sets } = driverOf((set) => {
      if (set.some(({ proven }) => !proven)) throw new Error('no');
      return [];
    });
    await applyLargest(driver, [choiceOf(projectOf('a', '1', true)), choiceOf(projectOf('b', '1'))], signal);
    expect(sets).toEqual(['a@1 b@1', 'a@1']);
  });

  it('takes nothing away when the driver fails with what has worked before', async () => {
    const { driver, sets } = driverOf(() => {
      throw new Error('no disk');
    });
    await expect(applyLargest(driver, [choiceOf(projectOf('a', '1', true))], signal)).rejects.toThrow('no disk');
    expect(sets).toEqual(['a@1']);
  });
});
