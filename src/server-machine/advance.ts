/**
 * One look at one server: facts in, steps out.
 *
 * Promises: the same snapshot and facts give the same steps, in the order to carry them out; nothing here waits, reads
 * a clock or publishes. Must not know how a step is carried out, nor what was published before.
 *
 * Duties of the caller:
 * - Facts come from acknowledged records only, and `receipt` only from this log and the server's present instance.
 * - Steps of one server are carried out in order, each after the one before is stored: a move hangs on it.
 * - What stands already is not published again; a proposal under way is not proposed again until it is decided.
 * - The snapshot is kept as it is, or thrown away: without one the look begins from the log.
 */
import { createActor } from 'xstate';
import type { ActorScope, EventFrom, ExecutableActionObject, SnapshotFrom } from 'xstate';
import { assert } from '../std/failure.ts';
import type { ServerFacts, Step, StepName } from './facts.ts';
import { serverMachine } from './machine.ts';

/** Where a server stands in the chart. Plain text: the machine keeps nothing else, and ten thousand cost nothing. */
export const machineSnapshots = [
  'available',
  'syncing',
  'retrying',
  'ready',
  'cordoned',
  'draining.confirming',
  'draining.emptying',
  'lost.away',
  'lost.confirming',
  'lost.emptying',
  'failed',
  'gone',
] as const;
export type MachineSnapshot = (typeof machineSnapshots)[number];

export interface Advanced {
  readonly snapshot: MachineSnapshot;
  readonly steps: Step[];
}

type ChartSnapshot = SnapshotFrom<typeof serverMachine>;

/** Chart snapshots hold no data of a server, so that one for each state serves them all. */
const chartSnapshotByName: ReadonlyMap<string, ChartSnapshot> = new Map(
  machineSnapshots.map((name) => [name, serverMachine.resolveState({ value: valueNamed(name) })]),
);

/**
 * What the library's own `transition()` makes anew at each call, at half of its cost. Nothing of it is ever used: the chart
 * spawns, sends, emits and waits for nothing. Actions are what it is there for, and are gathered.
 */
const actor = createActor(serverMachine);
let said: ExecutableActionObject[] = [];
const scope: ActorScope<ChartSnapshot, EventFrom<typeof serverMachine>> = {
  self: actor,
  system: actor.system,
  id: '',
  sessionId: '',
  logger: () => undefined,
  defer: () => undefined,
  emit: () => undefined,
  stopChild: () => undefined,
  actionExecutor: (action) => said.push(action),
};

/** Where a look without a snapshot begins. Facts always lead out of it. */
const unseen = serverMachine.resolveState({ value: 'unseen' });

/** Throws, as for any broken invariant, when the snapshot is none of this chart or a member has no desired set. */
export function advance(snapshot: MachineSnapshot | undefined, facts: ServerFacts): Advanced {
  const { known, desired } = facts;
  assert(known === null || known.member === null || desired !== null, `a member has a desired set: ${facts.server}`);
  const before = snapshot === undefined ? unseen : chartSnapshotByName.get(snapshot);
  assert(before !== undefined, `a snapshot names a state of the chart: ${JSON.stringify(snapshot)}`);
  said = [];
  const after = serverMachine.transition(before, { type: 'facts', facts }, scope);
  assert(after.status === 'active', `the chart goes on: ${String(after.error)}`);
  return { snapshot: nameOf(after), steps: said.map(({ type, params }) => toStep(type, params)) };
}

function valueNamed(name: MachineSnapshot): ChartSnapshot['value'] {
  switch (name) {
    case 'draining.confirming':
      return { draining: 'confirming' };
    case 'draining.emptying':
      return { draining: 'emptying' };
    case 'lost.away':
      return { lost: 'away' };
    case 'lost.confirming':
      return { lost: 'confirming' };
    case 'lost.emptying':
      return { lost: 'emptying' };
    default:
      return name;
  }
}

function nameOf({ value }: ChartSnapshot): MachineSnapshot {
  if (typeof value !== 'string') return 'draining' in value ? `draining.${value.draining}` : `lost.${value.lost}`;
  assert(value !== 'unseen', 'facts lead to a state of their own');
  return value;
}

/** The chart's custom actions are the steps, one for one: their names and parameters are checked where it is set up. */
function toStep(name: string, params: unknown): Step {
  assert(stepNames.has(name), `the chart says steps and nothing else: ${name}`);
  return { name, arguments: params } as Step;
}

const stepNames: ReadonlySet<string> = new Set(
  Object.keys({
    'publish-assignment': true,
    'publish-directive': true,
    'clear-directives': true,
    'propose-ready': true,
    'propose-sync-failed': true,
    'propose-left': true,
    'propose-drained': true,
    'propose-uncordoned': true,
    'propose-replaced': true,
    'propose-lost': true,
    'propose-returned': true,
    'wake-at': true,
  } satisfies { [N in StepName]: true }),
);
