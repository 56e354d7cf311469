/**
 * Drives one machine per server from what is acknowledged and what was observed, and carries out the steps it says.
 * Level-triggered: a server that was touched is looked at whole, whatever touched it; nothing is published that
 * stands there already. One turn looks at a bounded number of servers, so that heartbeats are heard meanwhile.
 */
import { unconfirmedBalancers } from '../projections/balancers.ts';
import { assignedAt, desiredFor } from '../projections/desired.ts';
import type { Observed } from '../projections/observed.ts';
import type { FleetState, Membership } from '../domain/state.ts';
import { advance } from '../server-machine/advance.ts';
import type { MachineSnapshot } from '../server-machine/advance.ts';
import type { ServerFacts, Step } from '../server-machine/facts.ts';
import type { Clock } from '../std/clock.ts';
import { DueQueue } from '../std/due-queue.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import { appliedKey } from '../projections/observed.ts';
import type { BalancerId, GroupId, ServerId } from '../../schemas/ids.ts';
import { serversPerTurn } from './timing.ts';

export interface ReconcilerOptions {
  /** Acknowledged records only. Read, never written. */
  readonly state: FleetState;
  readonly observed: Observed;
  readonly execute: (step: Step) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #snapshotByServer = new Map<ServerId, MachineSnapshot>();
  readonly #touched = new Set<ServerId>();
  readonly #due = new DueQueue<ServerId>();
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

  /** The members of a group, where something all of them hang on has changed. */
  touchGroup(group: GroupId): void {
    for (const server of this.#options.state.groupById.get(group)?.servers ?? []) this.#touched.add(server);
    this.#runner.poke();
  }

  touchAll(): void {
    for (const server of this.#options.state.serverById.keys()) this.#touched.add(server);
    this.#runner.poke();
  }

  async stop(): Promise<void> {
    this.#wake?.cancel();
    await this.#runner.stop();
  }

  async #run(): Promise<void> {
    for (let looked = 1; this.#touched.size > 0; looked += 1) {
      const server = this.#touched.values().next().value as ServerId;
      this.#touched.delete(server);
      this.#look(server);
      if (looked % serversPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#sleepUntilDue();
  }

  #look(server: ServerId): void {
    const facts = factsOf(server, this.#options);
    const { snapshot, steps } = advance(this.#snapshotByServer.get(server), facts);
    if (facts.membership === null) this.#snapshotByServer.delete(server);
    else this.#snapshotByServer.set(server, snapshot);
    for (const step of steps) {
      if (step.name === 'wake-at') this.#due.put(step.arguments.server, step.arguments.at);
      else this.#options.execute(step);
    }
  }

  #sleepUntilDue(): void {
    this.#wake?.cancel();
    const at = this.#due.nextAt();
    if (at === undefined) return;
    const { clock } = this.#options;
    this.#wake = clock.after(Math.max(1, at - clock.now()), () => {
      for (const server of this.#due.takeDue(clock.now())) this.#touched.add(server);
      this.#runner.poke();
    });
  }
}

type FactSources = Pick<ReconcilerOptions, 'state' | 'observed' | 'clock'>;

/** Everything the machine may know about one server, as it is now. */
export function factsOf(server: ServerId, { state, observed, clock }: FactSources): ServerFacts {
  const membership = state.serverById.get(server)?.membership ?? null;
  const seen = observed.serverById.get(server);
  // A receipt of an instance that is gone proves nothing about the one that beats now.
  const current = seen?.receipt != null && (seen.beat === null || seen.beat.instance === seen.receipt.instance);
  const receipt = current && seen?.receipt?.log === state.log ? { ...seen.receipt, receivedAt: seen.receiptAt } : null;
  return {
    server,
    now: clock.now(),
    membership,
    desired: desiredFor(state, server),
    assignedAt: assignedAt(state, server),
    receipt,
    unconfirmedBalancers: awaited(membership, { state, observed }),
    inFlight: inFlightOf(server, membership, observed),
  };
}

function awaited(
  membership: Membership | null,
  from: { state: FleetState; observed: Observed },
): readonly BalancerId[] {
  if (membership?.status !== 'draining' || !membership.wasReady) return [];
  return unconfirmedBalancers(from.state, from.observed, membership.group, membership.leavingAt);
}

/** The larger of what the server says and what any balancer still counts on it. */
function inFlightOf(server: ServerId, membership: Membership | null, observed: Observed): ServerFacts['inFlight'] {
  const seen = observed.serverById.get(server);
  let last = seen?.beat?.inFlight ?? 0;
  if (membership?.status === 'draining') {
    for (const [key, { applied }] of observed.appliedByKey) {
      if (key !== appliedKey(applied.balancer, membership.group)) continue;
      const counted = applied.inFlight.find((entry) => entry.server === server);
      last = Math.max(last, counted?.inFlight ?? 0);
    }
  }
  return { last, idleReadings: last === 0 ? (seen?.idleReadings ?? 0) : 0 };
}
