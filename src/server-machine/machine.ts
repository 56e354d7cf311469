/**
 * The chart of one server. One event, `facts`: the whole truth as it is now. The log alone decides which state the
 * server is in, from whatever state it was in before, since several events may lie between two looks: the states are
 * the statuses, one for one. Being in a state says what should be published there, each time; and what to propose,
 * while the log does not hold it.
 *
 * Never started as an actor: `advance.ts` drives it by its pure `transition()`, which hands over the custom actions with
 * their parameters and runs nothing. So an action's implementation here is empty, and its type is what matters.
 */
import { setup } from 'xstate';
import { statusOf } from '../domain/membership.ts';
import type { ServerStatus } from '../../schemas/group-status.ts';
import * as ask from './guards.ts';
import * as say from './step-arguments.ts';
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
const isStatus = (status: ServerStatus) => on(({ known }) => known !== null && statusOf(known) === status);

function step<N extends StepName>(_name: N): (_: unknown, params: StepArguments[N]) => void {
  return () => undefined;
}

const chart = setup({
  types: { events: {} as FactsEvent },
  guards: {
    isGone: on(({ known }) => known === null),
    isAvailable: isStatus('available'),
    isSyncing: isStatus('syncing'),
    isRetrying: isStatus('retrying'),
    hasFailed: isStatus('failed'),
    isReady: isStatus('ready'),
    isCordoned: isStatus('cordoned'),
    isDraining: isStatus('draining'),
    isLost: isStatus('lost'),
    isDrainingAndAwaits: on((facts) => facts.known !== null && facts.known.lost === null && ask.awaitsBalancers(facts)),
    isLostAndAwaits: on((facts) => facts.known !== null && facts.known.lost !== null && ask.awaitsBalancers(facts)),
    isLostAndDrains: on((facts) => facts.known !== null && facts.known.lost !== null && ask.drainOf(facts) !== null),
  },
  actions: {
    'publish-assignment': step('publish-assignment'),
    'publish-directive': step('publish-directive'),
    'clear-directives': step('clear-directives'),
    'propose-ready': step('propose-ready'),
    'propose-sync-failed': step('propose-sync-failed'),
    'propose-left': step('propose-left'),
    'propose-drained': step('propose-drained'),
    'propose-uncordoned': step('propose-uncordoned'),
    'propose-replaced': step('propose-replaced'),
    'propose-lost': step('propose-lost'),
    'propose-returned': step('propose-returned'),
    'wake-at': step('wake-at'),
  },
});

const assign = { type: 'publish-assignment', params: ({ event }: About) => say.assignmentTo(event.facts) } as const;
const direct = { type: 'publish-directive', params: ({ event }: About) => say.directive(event.facts) } as const;
const clear = { type: 'clear-directives', params: ({ event }: About) => say.strayDirectives(event.facts) } as const;

/** The directive stands before the assignment points to it, and the old one goes last: a move never finds nothing. */
const hold = [direct, assign, clear] as const;
/** No directive of its own: a draining server keeps what it was told, one told it is in no group holds nothing. */
const place = [assign, clear] as const;

// These ask plainly, not by named guards: each of those costs something at every look of every server.
const directInTurn = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.isItsTurn(facts)) enqueue({ type: 'publish-directive', params: say.directive(facts) });
});
const directIfMember = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.memberOf(facts) !== null) enqueue({ type: 'publish-directive', params: say.directive(facts) });
});
const tellToDrain = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.neverServed(facts) || ask.provesDraining(facts)) return;
  enqueue({ type: 'publish-directive', params: say.directive(facts) });
});
const proposeProved = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.provesAnew(facts)) enqueue({ type: 'propose-ready', params: say.readiness(facts) });
  if (ask.failsAnew(facts)) enqueue({ type: 'propose-sync-failed', params: say.syncFailure(facts) });
  if (ask.takesOver(facts)) enqueue({ type: 'propose-replaced', params: say.replacement(facts) });
});
const proposeBack = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.mayTakeTrafficAgain(facts)) enqueue({ type: 'propose-uncordoned', params: say.comingBack(facts) });
});
/** It comes back where the drain has lost its purpose; else it is out once the drain is over. */
const proposeOut = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.mayTakeTrafficAgain(facts)) return enqueue({ type: 'propose-uncordoned', params: say.comingBack(facts) });
  if (!ask.drainIsOver(facts)) return;
  if (ask.drainOf(facts)?.next === null) enqueue({ type: 'propose-drained', params: say.drained(facts) });
  else enqueue({ type: 'propose-left', params: say.leaving(facts) });
});
const proposeReturned = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.isBack(facts)) enqueue({ type: 'propose-returned', params: say.comeback(facts) });
});
/** Silence must not outlast a lease or a deadline: past it, it is proposed. */
const watch = chart.enqueueActions(({ event: { facts }, enqueue }) => {
  if (ask.absence(facts) !== null) enqueue({ type: 'propose-lost', params: say.loss(facts) });
  const wake = say.wake(facts);
  if (wake !== null) enqueue({ type: 'wake-at', params: wake });
});

const stay = { entry: [...hold, proposeProved, watch] };
// No directive: the one that stands says to serve, and a newer one would outrank the order to drain.
const confirming = [...place, proposeBack];
const emptying = [tellToDrain, ...place, proposeOut];

export const serverMachine = chart.createMachine({
  id: 'server',
  // XState enters the initial state wherever it makes an actor of the chart, without facts: it must have nothing to say.
  initial: 'unseen',
  // A target below the root is entered anew each time: a state's entry says its steps at every look.
  on: {
    // Between two statuses no two are true at once, within draining and lost the first that is counts: the commonest stand first, for speed alone.
    facts: [
      { guard: 'isReady', target: '.ready' },
      { guard: 'isSyncing', target: '.syncing' },
      { guard: 'isAvailable', target: '.available' },
      { guard: 'isDrainingAndAwaits', target: '.draining.confirming' },
      { guard: 'isDraining', target: '.draining.emptying' },
      { guard: 'isLostAndAwaits', target: '.lost.confirming' },
      { guard: 'isLostAndDrains', target: '.lost.emptying' },
      { guard: 'isLost', target: '.lost.away' },
      { guard: 'isCordoned', target: '.cordoned' },
      { guard: 'isRetrying', target: '.retrying' },
      { guard: 'hasFailed', target: '.failed' },
      { guard: 'isGone', target: '.gone' },
    ],
  },
  states: {
    unseen: {},
    available: { entry: [...place, watch] },
    syncing: { entry: [directInTurn, ...place, proposeProved, watch] },
    retrying: stay,
    failed: stay,
    ready: stay,
    cordoned: { entry: [...hold, proposeProved, proposeBack, watch] },
    draining: {
      initial: 'confirming',
      states: {
        confirming: { entry: [...confirming, watch] },
        emptying: { entry: [...emptying, watch] },
      },
    },
    lost: {
      initial: 'away',
      states: {
        // It may come back at any time, and then finds what it shall hold.
        away: { entry: [directIfMember, ...place, proposeReturned, watch] },
        confirming: { entry: [...confirming, proposeReturned, watch] },
        emptying: { entry: [...emptying, proposeReturned, watch] },
      },
    },
    gone: { entry: [...place] },
  },
});
