/**
 * One recorded rollout under another policy. As long as the changed policy decides as the recorded one did, what was
 * recorded is what would have happened. Where it decides otherwise for the first time, that decision is told, and
 * where what it would need next was never recorded, the answer is unknown from there: never a guess.
 *
 * Each rollout is tried by itself, on everything else as it was recorded. Pure.
 */
import type { Event } from '../../schemas/events.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import type { RolloutPolicy } from '../../schemas/rollout.ts';
import { evolve } from '../domain/evolve.ts';
import { cloneState } from '../domain/fleet-state.ts';
import { samePolicy } from '../domain/rollout-policy.ts';
import type { FleetState, Rollout } from '../domain/state.ts';
import type { RolloutPlan, RolloutProposal } from '../rollout/about.ts';
import { looksAtFigures } from '../rollout/figures.ts';
import { plansOf } from '../rollout/planner.ts';
import { isByPerson } from './by-person.ts';
import { type GroupLimits, PolicyDoubts } from './policy-doubts.ts';
import { recordedObserved } from './recorded.ts';
import { isPlanned, isSamePlan, membersOf } from './redecide.ts';

/** What the changed policy comes to. `position`: the last recorded event before it. */
export type TrialOutcome =
  /** It would have gone as recorded, or has up to the end of the log. */
  | { readonly status: 'same' }
  | {
      readonly status: 'fails' | 'pauses' | 'succeeds' | 'rolled-back';
      readonly at: number;
      readonly position: Position;
      readonly reason: string;
    }
  /** It would still wait where the log ends. */
  | { readonly status: 'waits'; readonly position: Position; readonly reason: string }
  | { readonly status: 'unknown'; readonly position: Position; readonly reason: string };

export interface PolicyTried {
  readonly group: GroupId;
  readonly rollout: Position;
  readonly policy: RolloutPolicy;
  /** Of the group's own policy, changed beside it. */
  readonly limits: GroupLimits;
}

/** Times at which silence alone may decide, between two events: past so many something is wrong. */
const wakesMax = 1_000;

interface Decision {
  readonly proposal: RolloutProposal;
  readonly at: number;
}

export class PolicyTrial {
  readonly group: GroupId;
  readonly rollout: Position;
  readonly #policy: RolloutPolicy;
  readonly #doubts: PolicyDoubts;
  #outcome: TrialOutcome | undefined;
  /** Set once the two have parted and the changed one waits: history without what the recorded one did since. */
  #shadow: FleetState | undefined;
  /** Told by the recorded history alone: what became of them says nothing here. */
  readonly #strange = new Set<ServerId>();

  constructor(about: PolicyTried) {
    this.group = about.group;
    this.rollout = about.rollout;
    this.#policy = about.policy;
    this.#doubts = new PolicyDoubts(about);
  }

  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  /** Before each event that follows the request is folded; `state` does not hold it yet. */
  before(event: Event, state: FleetState): void {
    if (this.#outcome !== undefined) return;
    const doubt = this.#in(state) === undefined ? undefined : this.#doubts.before(event, this.#shadow ?? state);
    if (doubt !== undefined) return this.#unknown(doubt.position, doubt.reason);
    if (this.#shadow !== undefined) this.#goOn(event, state, this.#shadow);
    else this.#compare(event, state);
  }

  /** At the end of the log, or of what was asked for. */
  end(state: FleetState): TrialOutcome {
    if (this.#outcome === undefined) this.#passTime(state, state.at);
    if (this.#outcome !== undefined) return this.#outcome;
    if (this.#shadow === undefined) return { status: 'same' };
    const plan = this.#planIn(this.#shadow, state.at, this.#policy);
    return { status: 'waits', position: state.position, reason: plan?.waitsFor ?? 'it is under way' };
  }

  /** Up to `until` nothing more happens: does the changed policy decide, where the recorded one does not? */
  #passTime(state: FleetState, until: number): void {
    const changed = this.#firstIn(this.#shadow ?? state, until, this.#policy);
    if (changed === undefined) return;
    const recorded = this.#shadow === undefined ? this.#firstIn(state, until, this.#in(state)?.policy) : undefined;
    // Decided a moment later than the recorded one would, and before that was written: the same.
    const isSame = recorded !== undefined && isSameProposal(changed.proposal, recorded.proposal);
    if (!isSame || changed.at < recorded.at) this.#conclude(changed, state.position);
  }

  #compare(event: Event, state: FleetState): void {
    const rollout = this.#in(state);
    // Over as it was recorded.
    if (rollout === undefined) {
      this.#outcome = { status: 'same' };
      return;
    }
    if (!samePolicy(rollout.policy.probe, this.#policy.probe)) {
      return this.#unknown(state.position, 'what servers would have answered to another probe was not recorded');
    }
    this.#passTime(state, event.at - 1);
    if (this.isOver) return;
    if (isPlanned(event) && event.data.rollout === this.rollout && event.data.group === this.group) {
      this.#judge(event, state, rollout);
    }
  }

  /** At a recorded decision, on the evidence it was made on. */
  #judge(event: Event, state: FleetState, rollout: Rollout): void {
    const plan = this.#planIn(state, event.at, this.#policy, event);
    const [proposal] = plan?.proposals ?? [];
    if (proposal !== undefined) {
      if (proposal.type === event.type && isSamePlan(proposal.data, event.data)) return;
      return this.#conclude({ proposal, at: event.at }, state.position);
    }
    if (this.#needsFigures(event, rollout)) {
      return this.#unknown(event.position, 'counts of requests would have been needed, and were not recorded');
    }
    if (event.type === 'rollout.failed' && event.data.next === 'roll-back') {
      const reason = 'it would not have failed there; as it was, everybody went back, so no more was recorded of it';
      return this.#unknown(event.position, reason);
    }
    const shadow = cloneState(state);
    const copy = this.#in(shadow);
    if (copy !== undefined) copy.policy = this.#policy;
    this.#shadow = shadow;
    this.#passOver(event);
  }

  /** Only steps of a canary count requests; where they were counted, the event says what. */
  #needsFigures(event: Event, rollout: Rollout): boolean {
    const target = rollout.targets[rollout.target];
    if (target === undefined || target.from === null) return false;
    if (!looksAtFigures({ ...rollout, policy: this.#policy })) return false;
    const { data } = event as Event<'rollout.advanced' | 'rollout.failed'>;
    return ('failed' in data ? data.failed : (data.passed ?? null))?.figures == null;
  }

  /** Parted, and waiting: time passes, and what happens to those told before happens here too. */
  #goOn(event: Event, state: FleetState, shadow: FleetState): void {
    this.#passTime(state, event.at - 1);
    if (this.isOver) return;
    if (isByPerson(event, { group: this.group, rollout: this.rollout, projects: this.#projects(shadow) })) {
      return this.#unknown(event.position, 'a person acted on it there, on what they saw as it was recorded');
    }
    if (this.#isStrange(event)) return this.#passOver(event);
    evolve(shadow, structuredClone(event));
  }

  #projects(state: FleetState): ReadonlySet<string> {
    return new Set(this.#in(state)?.targets.map(({ project }) => project));
  }

  #isStrange(event: Event): boolean {
    const { data } = event;
    if (isPlanned(event) && event.data.rollout === this.rollout) return true;
    return 'server' in data && this.#strange.has(data.server as ServerId);
  }

  #passOver(event: Event): void {
    if (event.type === 'rollout.advanced') for (const server of event.data.servers) this.#strange.add(server);
    if (event.type === 'rollout.switched') for (const server of event.data.from) this.#strange.add(server);
  }

  #conclude({ proposal, at }: Decision, position: Position): void {
    const { type } = proposal;
    switch (type) {
      case 'rollout.failed': {
        const { reason, next } = proposal.data;
        const then = next === 'roll-back' ? 'it would have gone back' : 'it would have waited for a person';
        this.#outcome = { status: 'fails', at, position, reason: `${reason}; ${then}` };
        return;
      }
      case 'rollout.paused':
        this.#outcome = { status: 'pauses', at, position, reason: 'its step would have waited to be promoted' };
        return;
      case 'rollout.succeeded':
        this.#outcome = { status: 'succeeds', at, position, reason: '' };
        return;
      case 'rollout.rolled-back':
        this.#outcome = { status: 'rolled-back', at, position, reason: '' };
        return;
      default: {
        const when = new Date(at).toISOString();
        const whom = type === 'rollout.advanced' ? proposal.data.servers : proposal.data.to;
        const what = type === 'rollout.advanced' ? 'told' : 'switched to';
        this.#unknown(position, `at ${when} it would have ${what} ${whom.join(', ')}, which was not tried then`);
      }
    }
  }

  #unknown(position: Position, reason: string): void {
    this.#outcome = { status: 'unknown', position, reason };
  }

  /** What is decided first from the state's own time on, though nothing more happens. */
  #firstIn(state: FleetState, until: number, policy: RolloutPolicy | undefined): Decision | undefined {
    if (policy === undefined) return undefined;
    let at = state.at;
    for (let wakes = 0; wakes < wakesMax && at <= until; wakes += 1) {
      const plan = this.#planIn(state, at, policy);
      const [proposal] = plan?.proposals ?? [];
      if (proposal !== undefined) return { proposal, at };
      if (plan === undefined || plan.wakeAt === null) return undefined;
      at = Math.max(at + 1, plan.wakeAt);
    }
    return undefined;
  }

  #planIn(state: FleetState, at: number, policy: RolloutPolicy, event?: Event): RolloutPlan | undefined {
    const rollout = this.#in(state);
    if (rollout === undefined) return undefined;
    const servers = membersOf(state, this.group);
    const observed = recordedObserved({ state, at, servers, ...(event === undefined ? {} : { event }) });
    const own = rollout.policy;
    rollout.policy = policy;
    try {
      return plansOf(state, this.group, { observed, now: at }).get(rollout);
    } finally {
      rollout.policy = own;
    }
  }

  #in(state: FleetState): Rollout | undefined {
    return state.groupById.get(this.group)?.rolloutById.get(this.rollout);
  }
}

function isSameProposal(a: RolloutProposal, b: RolloutProposal): boolean {
  return a.type === b.type && isSamePlan(a.data, b.data);
}
