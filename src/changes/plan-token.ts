/** A plan by its name, which is what it takes to carry it out, and whether it still holds. */
import { createHash } from 'node:crypto';
import type { FleetFile } from '../../schemas/fleet-file.ts';
import type { Position, ProjectId } from '../../schemas/ids.ts';
import type { FleetState } from '../domain/state.ts';
import { type FleetPlan, type PackedProject, planOf, type PlanOptions } from '../fleet-file/plan.ts';
import { changedSince } from '../fleet-file/reads.ts';

export interface DeclaredFleet {
  readonly file: FleetFile;
  readonly packedByProject: ReadonlyMap<ProjectId, PackedProject>;
  /** Default: the fleet. */
  readonly scope?: NonNullable<PlanOptions['scope']>;
}

/** Names a plan: the position it was made at, and a hash of everything it was made of beside the fleet. */
export function tokenOf(position: Position, { file, packedByProject }: DeclaredFleet, prune: boolean): string {
  const made = JSON.stringify([file, [...packedByProject], prune]);
  return `${position}-${createHash('sha256').update(made).digest('hex').slice(0, 12)}`;
}

/** The position a plan of this name was made at; undefined: it is no plan's name. */
export function plannedAt(token: string): Position | undefined {
  const position = Number(/^(\d{1,15})-[0-9a-f]{12}$/.exec(token)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(position) && position > 0 ? position : undefined;
}

export interface Recheck {
  readonly declared: DeclaredFleet;
  readonly prune: boolean;
  readonly token: string;
  /** The fleet at the position of the plan, and as it is. */
  readonly planned: FleetState;
  readonly now: FleetState;
}

export type Rechecked =
  | { readonly status: 'holds'; readonly plan: FleetPlan }
  | { readonly status: 'changed'; readonly message: string };

/** Everything a message about changes names, at most. */
const changesNamedMax = 5;

/** Plans again, as it was and as it is, and compares what both looked at. Pure. */
export function recheck({ declared, prune, token, planned, now }: Recheck): Rechecked {
  if (tokenOf(planned.position, declared, prune) !== token) {
    return { status: 'changed', message: 'what is declared, a folder it names, or prune is not what was planned with' };
  }
  const before = planOf(planned, { ...declared, prune });
  const plan = planOf(now, { ...declared, prune });
  const changed = changedSince(before.reads, plan.reads);
  if (changed.length === 0) return { status: 'holds', plan };
  const named = changed
    .slice(0, changesNamedMax)
    .map(
      (read) =>
        `${read.what} (${read.now === 0 ? 'is gone' : `at position ${read.now}`}${read.before === 0 ? ', was not there' : ''})`,
    );
  const more = changed.length > changesNamedMax ? ` and ${changed.length - changesNamedMax} more` : '';
  return { status: 'changed', message: `changed since the plan was made: ${named.join(', ')}${more}` };
}
