/**
 * Recorded history driven through projections, machines and planner, event by event, on a live log and on an export
 * alike: what each decision of a leader was made of and whether today's program makes it again, and what followed from
 * each event. Promises: memory does not grow with the log; nothing of it needs a fleet. Must not know how it is shown.
 */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import type { FleetState } from '../domain/state.ts';
import { type AsOfOptions, startFor } from './as-of.ts';
import { type Concerned, concernedBy, type Consequence, consequences, type Look, look } from './looks.ts';
import { redecide, type Redecided } from './redecide.ts';
import { type Moment, replay } from './replay.ts';

export interface ReplayedStep {
  readonly event: Event;
  /** Null: it was a person's decision, or a coordinator's about itself. */
  readonly decided: Redecided | null;
  readonly follows: readonly Consequence[];
}

export interface ReplayDecisionsOptions extends AsOfOptions {
  /** The first and the last position told. Default: all. */
  readonly from?: Position;
  readonly to?: Position;
  /** Awaited before the next: how fast it goes is the caller's. */
  readonly onStep: (step: ReplayedStep) => void | Promise<void>;
}

export interface ReplayedDecisions {
  readonly moment: Moment;
  readonly events: number;
  /** Of the leader, decided again: the same, and otherwise. */
  readonly agreed: number;
  /** The first few positions that were decided otherwise. */
  readonly differing: readonly Position[];
  readonly differed: number;
}

const differingMax = 20;

export async function replayDecisions(options: ReplayDecisionsOptions): Promise<ReplayedDecisions> {
  const { source, progress, signal, from = 1, to, onStep } = options;
  const start = await startFor(options, from - 1);
  const differing: Position[] = [];
  let [events, agreed, differed] = [0, 0, 0];
  let before: { concerned: Concerned; look: Look; decided: Redecided | null } | undefined;
  const onBefore = (event: Event, state: FleetState) => {
    const concerned = concernedBy(event, state);
    before = { concerned, look: look(state, concerned), decided: redecide(event, state) };
  };
  const onEvent = (event: Event, state: FleetState) => {
    if (before === undefined) return undefined;
    const { decided } = before;
    const follows = consequences(before, look(state, joined(before.concerned, concernedBy(event, state))));
    events += 1;
    if (decided?.agrees === true) agreed += 1;
    if (decided?.agrees === false) {
      differed += 1;
      if (differing.length < differingMax) differing.push(event.position);
    }
    return onStep({ event, decided, follows });
  };
  const moment = await replay(source, {
    from,
    signal,
    onBefore,
    onEvent,
    ...(to === undefined ? {} : { to }),
    ...(progress === undefined ? {} : { progress }),
    ...(start === undefined ? {} : { start }),
  });
  return { moment, events, agreed, differed, differing };
}

function joined(a: Concerned, b: Concerned): Concerned {
  return { servers: new Set([...a.servers, ...b.servers]), groups: new Set([...a.groups, ...b.groups]) };
}
