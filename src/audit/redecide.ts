/**
 * Decides once more what a leader decided: the machine of the server, the planner of the group, or the projection of
 * its pool, on the state before the event and what was recorded. Pure. What people ask for is decided by the decider
 * on their command, which is not in the log; it is not decided again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Event, EventType } from '../../schemas/events.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { FleetState } from '../domain/state.ts';
import { groupProposals } from '../rollout/group-plan.ts';
import { planRollouts } from '../rollout/planner.ts';
import { advance } from '../server-machine/advance.ts';
import type { StepName } from '../server-machine/facts.ts';
import { factsOf } from '../server-machine/server-facts.ts';
import { recordedObserved } from './recorded.ts';

export interface Redecided {
  readonly by: 'machine' | 'planner' | 'pool';
  /** Whether today's program decides the same on what is recorded. */
  readonly agrees: boolean;
  /** Where it does not: what it says instead; empty: nothing. */
  readonly instead: readonly string[];
}

/** `state`: before the event. Null: it is nobody's decision but a person's, or a coordinator's about itself. */
export function redecide(event: Event, state: FleetState): Redecided | null {
  const step = stepByType[event.type];
  if (step !== undefined) return byMachine(event as Event<MachineType>, state, step);
  if (event.type === 'pool.held' || event.type === 'pool.released') return byPool(event, state);
  return isPlanned(event) ? byPlanner(event, state) : null;
}

type MachineType = Extract<
  EventType,
  | 'server.ready'
  | 'server.sync-failed'
  | 'server.left'
  | 'server.drained'
  | 'server.replaced'
  | 'server.lost'
  | 'server.returned'
>;
const stepByType: { readonly [T in EventType]?: StepName } = {
  'server.ready': 'propose-ready',
  'server.sync-failed': 'propose-sync-failed',
  'server.left': 'propose-left',
  'server.drained': 'propose-drained',
  'server.replaced': 'propose-replaced',
  'server.lost': 'propose-lost',
  'server.returned': 'propose-returned',
};

function byMachine(event: Event<MachineType>, state: FleetState, name: StepName): Redecided {
  const id = event.type === 'server.replaced' ? event.data.by : event.data.server;
  const observed = recordedObserved({ state, at: event.at, servers: [id], event });
  const facts = factsOf(id, { state, observed, now: event.at, reignBeganAt: 0 });
  const { steps } = advance(undefined, facts);
  const said = steps.find((step) => step.name === name);
  const agrees = said !== undefined && saysTheSame(said.arguments, event.data);
  const instead = agrees ? [] : steps.map((step) => step.name).filter((step) => step.startsWith('propose-'));
  return { by: 'machine', agrees, instead };
}

/** What it says is what happened; evidence is what it was said on, and what only the decider adds is not said. */
function saysTheSame(said: object, data: object): boolean {
  const recorded = data as { readonly [field: string]: unknown };
  return Object.entries(said).every(
    ([field, value]) => field === 'evidence' || isDeepStrictEqual(value, recorded[field]),
  );
}

function byPool(event: Event<'pool.held' | 'pool.released'>, state: FleetState): Redecided {
  const said = groupProposals(state, event.data.group).map(({ type }) => type);
  const agrees = said.includes(event.type);
  return { by: 'pool', agrees, instead: agrees ? [] : said };
}

type PlannedEvent = Event<
  | 'rollout.advanced'
  | 'rollout.paused'
  | 'rollout.switched'
  | 'rollout.failed'
  | 'rollout.rolled-back'
  | 'rollout.succeeded'
>;

/** A pause may be a person's. */
export function isPlanned(event: Event): event is PlannedEvent {
  switch (event.type) {
    case 'rollout.advanced':
    case 'rollout.switched':
    case 'rollout.failed':
    case 'rollout.rolled-back':
    case 'rollout.succeeded':
      return true;
    case 'rollout.paused':
      return event.data.by === 'step';
    default:
      return false;
  }
}

function byPlanner(event: PlannedEvent, state: FleetState): Redecided {
  const { group, rollout } = event.data;
  const observed = recordedObserved({ state, at: event.at, servers: membersOf(state, group), event });
  const { proposals } = planRollouts(state, group, observed, event.at);
  const own = proposals.filter(({ data }) => data.rollout === rollout);
  const agrees = own.some(({ type, data }) => type === event.type && isSamePlan(data, event.data));
  return { by: 'planner', agrees, instead: agrees ? [] : own.map(({ type }) => type) };
}

/** Evidence and reasons hold texts and times of readings, and the last is the decider's to add; what is done is all else. */
const told = new Set(['passed', 'failed', 'evidence', 'reason', 'sparesLast']);

export function isSamePlan(planned: object, recorded: object): boolean {
  const bare = (data: object) => Object.fromEntries(Object.entries(data).filter(([field]) => !told.has(field)));
  return isDeepStrictEqual(bare(planned), bare(recorded));
}

export function membersOf(state: FleetState, group: GroupId): Iterable<ServerId> {
  return state.groupById.get(group)?.servers ?? [];
}
