/**
 * Drives one machine per server, and what is said of whole groups, from what is acknowledged and what was observed.
 * Level-triggered: what was touched is looked at whole, whatever touched it. Steps of one server are carried out in
 * order, each after the one before is stored; a server is not looked at again meanwhile. One turn looks at a bounded
 * number of servers, so that heartbeats are heard in between.
 */
import type { FleetState } from '../domain/state.ts';
import type { Observed } from '../projections/observed.ts';
import type { Proposal } from '../domain/propose.ts';
import { groupProposals, nextToLetGo } from '../rollout/group-plan.ts';
import { noteTraffic } from '../rollout/figures.ts';
import { planRollouts } from '../rollout/planner.ts';
import { nextToSync } from '../rollout/sync-slots.ts';
import { advance } from '../server-machine/advance.ts';
import type { MachineSnapshot } from '../server-machine/advance.ts';
import type { Step } from '../server-machine/facts.ts';
import { factsOf } from '../server-machine/server-facts.ts';
import type { Clock } from '../std/clock.ts';
import { DueQueue } from '../std/due-queue.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { ExecutedStep, Execution } from './executors.ts';
import type { Hearing } from './hearing.ts';
import { serversPerTurn } from './timing.ts';

export interface ReconcilerOptions {
  /** Acknowledged records only. Read, never written. */
  readonly state: FleetState;
  readonly observed: Observed;
  readonly execute: (step: ExecutedStep) => Execution;
  readonly propose: (proposal: Proposal) => void;
  readonly hearing: Pick<Hearing, 'since' | 'upTo'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Holds publishes that go on, and hears of their failure. */
  readonly track: (what: string, work: Promise<void>) => void;
  readonly onError: (error: unknown) => void;
}

/** A lease may end between two proofs that we hear: soon enough for it, and no busy wait until the next. */
const wakeMinMs = 25;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #snapshotByServer = new Map<ServerId, MachineSnapshot>();
  readonly #touched = new Set<ServerId>();
  readonly #touchedGroups = new Set<GroupId>();
  /** Servers whose steps are being carried out; true: touched meanwhile, so it is looked at again once they are. */
  readonly #busy = new Map<ServerId, boolean>();
  /** By group, who had a slot to sync when the group was last looked at: each is looked at once for it, not at every proof of another. */
  readonly #syncingByGroup = new Map<GroupId, ReadonlySet<ServerId>>();
  readonly #due = new DueQueue<ServerId>();
  /** Groups whose rollouts change by silence alone, at a time. */
  readonly #dueGroups = new DueQueue<GroupId>();
  readonly #runner: ExclusiveRunner;
  #wake: { cancel(): void } | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { clock, random, onError } = options;
    const backoff = { firstMs: 50, longestMs: 2_000 };
    this.#runner = new ExclusiveRunner({ work: () => this.#run(), clock, random, backoff, onError });
  }

  touch(server: ServerId): void {
    this.#touched.add(server);
    this.#runner.poke();
  }

  /** A group of which something was said: what it proposes, and who may sync next. */
  touchGroup(group: GroupId): void {
    this.#touchedGroups.add(group);
    this.#runner.poke();
  }

  touchAll(): void {
    const { state } = this.#options;
    for (const server of state.serverById.keys()) this.#touched.add(server);
    for (const group of state.groupById.keys()) this.#touchedGroups.add(group);
    this.#runner.poke();
  }

  async stop(): Promise<void> {
    this.#wake?.cancel();
    await this.#runner.stop();
  }

  async #run(): Promise<void> {
    for (const group of this.#touchedGroups) this.#lookAtGroup(group);
    this.#touchedGroups.clear();
    for (let looked = 1; this.#touched.size > 0; looked += 1) {
      const server = this.#touched.values().next().value as ServerId;
      this.#touched.delete(server);
      if (this.#busy.has(server)) this.#busy.set(server, true);
      else this.#look(server);
      if (looked % serversPerTurn === 0) await new Promise<void>((resolve) => this.#options.clock.soon(resolve));
    }
    this.#sleepUntilDue();
  }

  #lookAtGroup(id: GroupId): void {
    const { state, observed, propose, clock } = this.#options;
    const group = state.groupById.get(id);
    if (group === undefined) {
      this.#syncingByGroup.delete(id);
      return;
    }
    const before = this.#syncingByGroup.get(id);
    const syncing = new Set(nextToSync(state, group));
    for (const server of syncing) if (before?.has(server) !== true) this.#touched.add(server);
    this.#syncingByGroup.set(id, syncing);
    for (const server of nextToLetGo(state, group, clock.now())) this.#touched.add(server);
    for (const proposal of groupProposals(state, id)) propose(proposal);
    noteTraffic(state, observed, id);
    const { proposals, wakeAt } = planRollouts(state, id, observed, clock.now());
    for (const proposal of proposals) propose(proposal);
    if (wakeAt === null) this.#dueGroups.remove(id);
    else this.#dueGroups.put(id, wakeAt);
  }

  #look(server: ServerId): void {
    const { state, observed, clock, hearing } = this.#options;
    const { since: reignBeganAt, upTo: heardUpTo } = hearing;
    const facts = factsOf(server, { state, observed, now: clock.now(), reignBeganAt, heardUpTo });
    const { snapshot, steps } = advance(this.#snapshotByServer.get(server), facts);
    if (facts.known === null) this.#snapshotByServer.delete(server);
    else this.#snapshotByServer.set(server, snapshot);
    this.#carryOut(server, steps);
  }

  /** In order. Goes on beside other servers from the first step that has to wait. */
  #carryOut(server: ServerId, steps: readonly Step[]): void {
    const { execute, track } = this.#options;
    for (const [index, step] of steps.entries()) {
      if (step.name === 'wake-at') {
        this.#due.put(step.arguments.server, step.arguments.at);
        continue;
      }
      const under = execute(step);
      if (under === undefined) continue;
      if (!this.#busy.has(server)) this.#busy.set(server, false);
      track(step.name, this.#goOn(server, { under, rest: steps.slice(index + 1) }));
      return;
    }
    const isTouched = this.#busy.get(server) === true;
    this.#busy.delete(server);
    if (isTouched) this.touch(server);
  }

  async #goOn(server: ServerId, { under, rest }: { under: Promise<void>; rest: readonly Step[] }): Promise<void> {
    try {
      await under;
    } catch (error) {
      this.#busy.delete(server);
      this.touch(server);
      throw error;
    }
    this.#carryOut(server, rest);
  }

  #sleepUntilDue(): void {
    this.#wake?.cancel();
    const at = Math.min(
      this.#due.nextAt() ?? Number.POSITIVE_INFINITY,
      this.#dueGroups.nextAt() ?? Number.POSITIVE_INFINITY,
    );
    if (at === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    this.#wake = clock.after(Math.max(wakeMinMs, at - clock.now()), () => {
      for (const server of this.#due.takeDue(clock.now())) this.#touched.add(server);
      for (const group of this.#dueGroups.takeDue(clock.now())) this.#touchedGroups.add(group);
      this.#runner.poke();
    });
  }
}
