/**
 * A fleet whose servers and balancers do at once what they are told, played forward by the rules alone: facts to the
 * machine, its steps to proposals, the planner's proposals beside them, until nothing follows any more. Time passes only
 * where a rule waits for it.
 */
import { affects } from '../domain/affects.ts';
import { evolve } from '../domain/evolve.ts';
import { isRejection, type Proposal, propose } from '../domain/propose.ts';
import type { FleetState } from '../domain/state.ts';
import { desiredFor } from '../projections/desired.ts';
import { emptyObserved, type ObservedServer } from '../projections/observed.ts';
import { groupProposals } from '../rollout/group-plan.ts';
import { planRollouts } from '../rollout/planner.ts';
import { nextToSync } from '../rollout/sync-slots.ts';
import { advance } from '../server-machine/advance.ts';
import { idleReadingsMin, type Step } from '../server-machine/facts.ts';
import { factsOf } from '../server-machine/server-facts.ts';
import type { Event } from '../../schemas/events.ts';
import type { ForecastTransition } from '../../schemas/forecast.ts';
import type { GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import { drainTimeoutMsDefault } from '../../schemas/policy.ts';
import { IdealPools } from './ideal-pools.ts';

/** Looks at servers, at most: some seconds of work. A longer forecast says that it is cut. */
export const looksMaxDefault = 200_000;
/** Transitions told, at most: more than anybody reads. */
const transitionsMax = 5_000;

export class IdealFleet {
  readonly #state: FleetState;
  readonly #observed = emptyObserved();
  /** In order, since the beginning. */
  readonly transitions: ForecastTransition[] = [];
  readonly #pools: IdealPools;
  readonly #touched = new Set<ServerId>();
  readonly #touchedGroups = new Set<GroupId>();
  #now: number;
  readonly #looksMax: number;
  #looks = 0;

  /** The state is taken over and written to. `now`: milliseconds since the epoch, not before the state's own `at`. */
  constructor(state: FleetState, now: number, looksMax = looksMaxDefault) {
    this.#state = state;
    this.#now = now;
    this.#looksMax = looksMax;
    this.#pools = new IdealPools(state, this.#observed, now);
  }

  /** Milliseconds since the epoch: as far as it has been played. */
  get now(): number {
    return Math.max(this.#now, this.#state.at);
  }

  /** Until nothing follows any more; false: it was cut at a bound. */
  play(): boolean {
    // Everybody is looked at once, to begin with.
    if (this.#looks + this.#state.serverById.size > this.#looksMax) return false;
    this.#touchAll();
    for (;;) {
      while (this.#touched.size > 0 || this.#touchedGroups.size > 0) {
        if (this.#looks > this.#looksMax || this.transitions.length > transitionsMax) return false;
        this.#turn();
      }
      const next = this.#nextAt();
      if (next === undefined) return true;
      this.#now = Math.max(this.#now + 1, next);
      this.#touchDue();
    }
  }

  #touchAll(): void {
    for (const server of this.#state.serverById.keys()) this.#touched.add(server);
    for (const group of this.#state.groupById.keys()) this.#touchedGroups.add(group);
  }

  /** Whom time alone changes: rollouts, and who drains. */
  #touchDue(): void {
    for (const group of this.#state.groupById.keys()) this.#touchedGroups.add(group);
    for (const { id, member } of this.#state.serverById.values()) if (member?.drain != null) this.#touched.add(id);
  }

  #turn(): void {
    const servers = [...this.#touched];
    const groups = [...this.#touchedGroups];
    this.#touched.clear();
    this.#touchedGroups.clear();
    for (const server of servers) this.#look(server);
    for (const group of groups) this.#plan(group);
    for (const group of groups) this.#publishNewPool(group);
  }

  #look(id: ServerId): void {
    this.#looks += 1;
    const state = this.#state;
    if (state.serverById.get(id)?.lost === null) this.#hear(id);
    const facts = factsOf(id, { state, observed: this.#observed, now: this.#now, reignBeganAt: this.#now });
    for (const step of advance(undefined, facts).steps) this.#execute(step);
  }

  #plan(group: GroupId): void {
    const state = this.#state;
    for (const proposal of groupProposals(state, group)) this.#propose(proposal);
    for (const proposal of planRollouts(state, group, this.#observed, this.#now).proposals) this.#propose(proposal);
    const view = state.groupById.get(group);
    if (view !== undefined) for (const server of nextToSync(state, view)) this.#touched.add(server);
  }

  /** It is well, has nothing in flight, and has proved whatever it was last told. */
  #hear(id: ServerId): void {
    const seen = this.#seen(id);
    seen.seenAt = this.#now;
    seen.beat = {
      server: id,
      instance: id,
      assignment: { term: 0, position: 0 },
      directive: { term: 0, position: 0 },
      inFlight: 0,
      healthy: true,
    };
    const known = this.#state.serverById.get(id);
    // Who is in the pool has proved before what it is told to hold now, unless something new is to be said.
    const desired = known?.member == null || known.member.covers === 0 ? null : desiredFor(this.#state, id);
    if (seen.receipt === null && desired !== null && desired.position <= (known?.member?.covers ?? 0)) {
      this.#prove(id, desired);
    }
  }

  #seen(id: ServerId): ObservedServer {
    let seen = this.#observed.serverById.get(id);
    if (seen === undefined) {
      seen = { beat: null, seenAt: 0, receipt: null, receiptAt: 0, idleReadings: idleReadingsMin, unwellReadings: 0 };
      this.#observed.serverById.set(id, seen);
    }
    return seen;
  }

  #prove(
    id: ServerId,
    told: Pick<Extract<Step, { name: 'publish-directive' }>['arguments'], 'position' | 'serving' | 'projects'>,
  ): void {
    const { log, term } = this.#state;
    const seen = this.#seen(id);
    const { position, serving } = told;
    const projects = told.projects.map(({ project, version }) => ({ project, version }));
    const stamp = { log: log as LogId, term, position };
    seen.receipt = { ...stamp, server: id, instance: id, serving, projects, failures: [] };
    seen.receiptAt = this.#now;
  }

  #execute(step: Step): void {
    switch (step.name) {
      case 'publish-directive': {
        const { server } = step.arguments;
        const before = this.#seen(server).receipt;
        if (this.#state.serverById.get(server)?.lost !== null) return;
        this.#prove(server, step.arguments);
        if (before?.position !== step.arguments.position || before.serving !== step.arguments.serving) {
          this.#touched.add(server);
        }
        return;
      }
      case 'publish-assignment':
      case 'clear-directives':
      case 'wake-at':
        return;
      case 'propose-replaced': {
        const { group } = step.arguments;
        const drainTimeoutMs = this.#state.groupById.get(group)?.policy.drainTimeoutMs ?? drainTimeoutMsDefault;
        return this.#propose({ type: 'server.replaced', data: { ...step.arguments, drainTimeoutMs } });
      }
      default: {
        const type = step.name.replace('propose-', 'server.');
        return this.#propose({ type, data: step.arguments } as Proposal);
      }
    }
  }

  /** What the state has moved past is dropped, as the leader drops it. */
  #propose(proposal: Proposal): void {
    const state = this.#state;
    const at = Math.max(state.at, this.#now);
    const event = propose(state, proposal, { at, position: state.position + 1 });
    if (isRejection(event)) return;
    evolve(state, event);
    this.transitions.push({ kind: 'event', at, event });
    this.#touch(event);
  }

  #touch(event: Event): void {
    for (const concern of affects(event, this.#state)) {
      if (concern.kind === 'server') this.#touched.add(concern.id as ServerId);
      if (concern.kind !== 'group') continue;
      const group = concern.id as GroupId;
      this.#touchedGroups.add(group);
      for (const server of membersChanged(event, this.#state, group)) this.#touched.add(server);
    }
  }

  #publishNewPool(group: GroupId): void {
    const revision = this.#pools.publishNew(group, this.#now);
    if (revision === undefined) return;
    for (const server of this.#state.groupById.get(group)?.servers ?? []) this.#touched.add(server);
    this.#touchedGroups.add(group);
    if (revision.entered.length + revision.draining.length + revision.left.length > 0) this.transitions.push(revision);
  }

  /** The next time at which a rule stops waiting: a rollout's, or the deadline of a drain. Undefined: nothing waits. */
  #nextAt(): number | undefined {
    const state = this.#state;
    const times: number[] = [];
    for (const group of state.groupById.keys()) {
      const { wakeAt } = planRollouts(state, group, this.#observed, this.#now);
      if (wakeAt !== null) times.push(wakeAt);
    }
    for (const { member } of state.serverById.values()) {
      const deadlineAt = member?.drain?.deadlineAt;
      if (deadlineAt !== undefined && deadlineAt > this.#now) times.push(deadlineAt);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }
}

/** One member's change changes only that member, a rollout's step those it tells; anything else may change them all. */
function membersChanged(event: Event, { groupById }: FleetState, group: GroupId): Iterable<ServerId> {
  if (event.type.startsWith('server.')) return [];
  if (event.type === 'rollout.advanced') return event.data.servers;
  return groupById.get(group)?.servers ?? [];
}
