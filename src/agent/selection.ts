/**
 * Finds the largest set a driver takes: of each project the version asked for, where that stands in the way the last
 * good one, else none. What works is applied though other projects fail.
 */
import type { ProjectId } from '../../schemas/ids.ts';
import { assert, textOf } from '../std/failure.ts';
import type { AppliedProject, Driver } from './driver.ts';

export interface Choice {
  readonly project: ProjectId;
  /** The one asked for, then the last good one; without those that could not be had. */
  readonly candidates: readonly AppliedProject[];
}

export interface Selection {
  /** What the driver serves now. */
  readonly set: readonly AppliedProject[];
  /** Why a candidate was passed over, by project: the first reason. */
  readonly textByProject: ReadonlyMap<ProjectId, string>;
}

/** Throws what the driver throws when it takes not even what has worked before. */
export async function applyLargest(
  driver: Driver,
  choices: readonly Choice[],
  signal: AbortSignal,
): Promise<Selection> {
  const left = new Map(choices.map(({ project, candidates }) => [project, [...candidates]]));
  const textByProject = new Map<ProjectId, string>();
  // Each round takes a candidate away, so it ends.
  for (;;) {
    signal.throwIfAborted();
    const set = [...left.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
    const problems = await attempt(driver, set, signal);
    if (problems.length === 0) return { set, textByProject };
    for (const { project, text } of problems) {
      const candidates = left.get(project);
      assert(candidates !== undefined && candidates.length > 0, 'a driver blames only projects it was given');
      candidates.shift();
      if (!textByProject.has(project)) textByProject.set(project, text);
    }
  }
}

/** A driver that blames nobody makes every project suspect that has not worked before. */
async function attempt(driver: Driver, set: readonly AppliedProject[], signal: AbortSignal) {
  try {
    return await driver.apply(set, signal);
  } catch (error) {
    const suspects = set.filter(({ proven }) => !proven);
    // Where all of them have worked before, it is the driver that fails: nothing is taken away for that.
    if (signal.aborted || suspects.length === 0) throw error;
    return suspects.map(({ project }) => ({ project, text: textOf(error) }));
  }
}
