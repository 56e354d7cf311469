/**
 * The chart of one server. One event, `facts`: the whole truth as it is now. The log's membership alone decides which
 * state the server is in, from whatever state it was in before, since several events may lie between two looks. Being
 * in a state says what should be published there, each time; and what to propose, while the log does not hold it.
 *
 * Never started as an actor: `advance.ts` drives it by the pure `transition()`, which returns the custom actions with
 * their parameters and runs nothing. So an action's implementation here is empty, and its type is what matters.
 */
import { setup } from 'xstate';
import {
  balancersConfirmed,
  deadlinePassed,
  failsAnew,
  isEmpty,
  neverServed,
  provesAnew,
  provesDraining,
} from './guards.ts';
import {
  assignmentTo,
  drainDeadline,
  drainingDirective,
  leaving,
  readiness,
  servingDirective,
  strayDirectives,
  syncFailure,
} from './step-arguments.ts';
import type { ServerFacts, StepArguments, StepName } from './facts.ts';

export interface FactsEvent {
  readonly type: 'facts';
  readonly facts: ServerFacts;
}

type About = { readonly event: FactsEvent };
const on =
  (question: (facts: ServerFacts) => boolean) =>
  ({ event }: About) =>
    question(event.facts);

function step<N extends StepName>(_name: N): (_: unknown, params: StepArguments[N]) => void {
  return () => undefined;
}

const chart = setup({
  types: { events: {} as FactsEvent },
  guards: {
    isGone: on(({ membership }) => membership === null),
    isAvailable: on(({ membership }) => membership?.status === 'available'),
    isSyncing: on(({ membership }) => membership?.status === 'syncing'),
    hasFailed: on(({ membership }) => membership?.status === 'failed'),
    isReady: on(({ membership }) => membership?.status === 'ready'),
    isDraining: on(({ membership }) => membership?.status === 'draining'),
    /** Balancers may still send to it, and there is time to wait for them. */
    awaitsBalancers: on(
      (facts) =>
        facts.membership?.status === 'draining' &&
        !neverServed(facts) &&
        !balancersConfirmed(facts) &&
        !deadlinePassed(facts),
    ),
    provesAnew: on(provesAnew),
    failsAnew: on(failsAnew),
    mustBeToldToDrain: on((facts) => !neverServed(facts) && !provesDraining(facts)),
    mayLeave: on((facts) => neverServed(facts) || isEmpty(facts) || deadlinePassed(facts)),
    hasTimeLeft: on((facts) => !deadlinePassed(facts)),
  },
  actions: {
    'publish-assignment': step('publish-assignment'),
    'publish-directive': step('publish-directive'),
    'clear-directives': step('clear-directives'),
    'propose-ready': step('propose-ready'),
    'propose-sync-failed': step('propose-sync-failed'),
    'propose-left': step('propose-left'),
    'wake-at': step('wake-at'),
  },
});

const assign = { type: 'publish-assignment', params: ({ event }: About) => assignmentTo(event.facts) } as const;
const direct = { type: 'publish-directive', params: ({ event }: About) => servingDirective(event.facts) } as const;
const clear = { type: 'clear-directives', params: ({ event }: About) => strayDirectives(event.facts) } as const;

/** The directive stands before the assignment points to it, and the old one goes last: a move never finds nothing. */
const hold = [direct, assign, clear] as const;
/** No directive of its own: a draining server keeps what it was told, one told it is in no group holds nothing. */
const place = [assign, clear] as const;

const proposeProved = chart.enqueueActions(({ event, enqueue, check }) => {
  if (check('provesAnew')) enqueue({ type: 'propose-ready', params: readiness(event.facts) });
  if (check('failsAnew')) enqueue({ type: 'propose-sync-failed', params: syncFailure(event.facts) });
});
const tellToDrain = chart.enqueueActions(({ event, enqueue, check }) => {
  if (check('mustBeToldToDrain')) enqueue({ type: 'publish-directive', params: drainingDirective(event.facts) });
});
const proposeLeaving = chart.enqueueActions(({ event, enqueue, check }) => {
  if (check('mayLeave')) enqueue({ type: 'propose-left', params: leaving(event.facts) });
});
/** Silence must not outlast the deadline. Past it there is nothing left to wake for: the leaving is proposed. */
const wakeAtDeadline = chart.enqueueActions(({ event, enqueue, check }) => {
  if (check('hasTimeLeft')) enqueue({ type: 'wake-at', params: drainDeadline(event.facts) });
});

export const serverMachine = chart.createMachine({
  id: 'server',
  // XState enters the initial state anew at every `transition()`, without facts: it must have nothing to say.
  initial: 'unseen',
  // A target below the root is entered anew each time: a state's entry says its steps at every look.
  on: {
    facts: [
      { guard: 'isGone', target: '.gone' },
      { guard: 'isAvailable', target: '.available' },
      { guard: 'isSyncing', target: '.syncing' },
      { guard: 'hasFailed', target: '.failed' },
      { guard: 'isReady', target: '.ready' },
      { guard: 'awaitsBalancers', target: '.draining.confirming' },
      { guard: 'isDraining', target: '.draining.emptying' },
    ],
  },
  states: {
    unseen: {},
    available: { entry: [...place] },
    syncing: { entry: [...hold, proposeProved] },
    failed: { entry: [...hold, proposeProved] },
    ready: { entry: [...hold, proposeProved] },
    draining: {
      initial: 'confirming',
      states: {
        // No directive: the one that stands says to serve, and a newer one would outrank the order to drain.
        confirming: { entry: [...place, wakeAtDeadline] },
        emptying: { entry: [tellToDrain, ...place, proposeLeaving, wakeAtDeadline] },
      },
    },
    gone: { entry: [...place] },
  },
});
