/**
 * Carries a plan out, change by change: each is sent once what followed from the one before has come through, and only
 * while what it changes is as the plan has seen it. Stops at the first that is refused or does not end well; those
 * before it stand.
 */
import type { CommandId, Position } from '../../schemas/ids.ts';
import type { SendOutcome } from '../client/command-sender.ts';
import type { FleetPlan, PlannedChange } from '../fleet-file/plan.ts';

/** One change of a plan, as it is about to be sent. */
export interface DueChange {
  readonly change: PlannedChange;
  /** From 1. */
  readonly number: number;
  readonly of: number;
  /** The plan's own, so that carrying it out again after a lost answer has one effect. */
  readonly id: CommandId;
  readonly ifPosition: Position | undefined;
}

export interface CarryOutOptions<T> {
  readonly plan: FleetPlan;
  readonly token: string;
  readonly send: (due: DueChange) => Promise<SendOutcome>;
  /** Waits for what follows from it; undefined: it went well, anything else ends it there. */
  readonly settle: (outcome: SendOutcome, due: DueChange) => Promise<T | undefined>;
}

export type CarriedOut<T> =
  | { readonly status: 'done' }
  /** `at`: the number of the change, from 1; `because`: what settling it came to. */
  | { readonly status: 'stopped'; readonly at: number; readonly because: T };

export async function carryOutPlan<T>({ plan, token, send, settle }: CarryOutOptions<T>): Promise<CarriedOut<T>> {
  const { changes, reads } = plan;
  const changedAtByWhat = new Map(reads.map(({ what, changedAt }) => [what, changedAt]));
  for (const [index, change] of changes.entries()) {
    const number = index + 1;
    const id = `apply-${token}-${number}` as CommandId;
    const due = { change, number, of: changes.length, id, ifPosition: changedAtByWhat.get(change.on) };
    const outcome = await send(due);
    if (outcome.status === 'accepted') changedAtByWhat.set(change.on, outcome.position);
    const because = await settle(outcome, due);
    if (because !== undefined) return { status: 'stopped', at: number, because };
  }
  return { status: 'done' };
}
