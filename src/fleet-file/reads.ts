/** What a plan looked at, each with the position it was last changed at: so long as these hold, the plan does. Pure. */
import type { FleetState } from '../domain/state.ts';
import type { GroupId, Position, ProjectId, ServerId } from '../../schemas/ids.ts';

export interface Read {
  /** Such as `group production` or `deployment hello on production`. */
  readonly what: string;
  /** 0: it was not there. */
  readonly changedAt: Position;
}

export class Reads {
  readonly #state: FleetState;
  readonly #changedAtByWhat = new Map<string, Position>();

  constructor(state: FleetState) {
    this.#state = state;
  }

  group(id: GroupId): string {
    return this.#note(`group ${id}`, this.#state.groupById.get(id));
  }

  server(id: ServerId): string {
    return this.#note(`server ${id}`, this.#state.serverById.get(id));
  }

  project(id: ProjectId): string {
    return this.#note(`project ${id}`, this.#state.projectById.get(id));
  }

  deployment(group: GroupId, project: ProjectId): string {
    const found = this.#state.groupById.get(group)?.deploymentByProject.get(project);
    return this.#note(`deployment ${project} on ${group}`, found);
  }

  all(): Read[] {
    return [...this.#changedAtByWhat].map(([what, changedAt]) => ({ what, changedAt }));
  }

  #note(what: string, found: { readonly changedAt: Position } | undefined): string {
    this.#changedAtByWhat.set(what, found?.changedAt ?? 0);
    return what;
  }
}

export interface ChangedRead {
  readonly what: string;
  readonly before: Position;
  readonly now: Position;
}

/** What is no longer as it was looked at; what only one of the two looked at counts as changed. */
export function changedSince(before: readonly Read[], now: readonly Read[]): ChangedRead[] {
  const byWhat = (reads: readonly Read[]) => new Map(reads.map(({ what, changedAt }) => [what, changedAt]));
  const [was, is] = [byWhat(before), byWhat(now)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((what) => ({ what, before: was.get(what) ?? 0, now: is.get(what) ?? 0 }))
    .filter((read) => read.before !== read.now || !was.has(read.what) || !is.has(read.what));
}
