/** Publishes each group's status, at most so often, whenever something it is made of may have changed. */
import { groupDesired } from '../projections/desired.ts';
import { groupStatus } from '../projections/group-status.ts';
import type { Observed } from '../projections/observed.ts';
import type { FleetState } from '../domain/state.ts';
import { pause } from '../std/deadline.ts';
import type { Clock } from '../std/clock.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import type { FleetId, GroupId, LogId, Term } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { LastValues } from './last-values.ts';

export interface StatusPublisherOptions {
  readonly fleet: FleetId;
  readonly state: FleetState;
  readonly observed: Observed;
  readonly groups: LastValues;
  readonly term: Term;
  readonly clock: Clock;
  readonly random: () => number;
  readonly intervalMs: number;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export class StatusPublisher {
  readonly #options: StatusPublisherOptions;
  readonly #runner: ExclusiveRunner;
  readonly #touched = new Set<GroupId>();

  constructor(options: StatusPublisherOptions) {
    this.#options = options;
    const { clock, random, onError } = options;
    const backoff = { firstMs: 100, longestMs: 5_000 };
    this.#runner = new ExclusiveRunner({ work: () => this.#run(), clock, random, backoff, onError });
  }

  touch(group: GroupId): void {
    this.#touched.add(group);
    this.#runner.poke();
  }

  async stop(): Promise<void> {
    await this.#runner.stop();
  }

  async #run(): Promise<void> {
    const { clock, intervalMs: delayMs, signal } = this.#options;
    const touched = [...this.#touched];
    this.#touched.clear();
    try {
      await Promise.all(touched.map((group) => this.#publish(group)));
    } catch (error) {
      for (const group of touched) this.#touched.add(group);
      throw error;
    }
    // Bounds the rate: what is touched meanwhile goes out with the next run.
    if (!signal.aborted) await pause({ clock, delayMs, signal }).catch(() => undefined);
  }

  async #publish(group: GroupId): Promise<void> {
    const { fleet, state, observed, groups, term } = this.#options;
    const desired = groupDesired(state, group);
    if (desired === null) {
      await Promise.all([
        groups.clear(subjects.groupStatus(fleet, group)),
        groups.clear(subjects.desired(fleet, group)),
      ]);
      return;
    }
    await Promise.all([
      groups.put(subjects.desired(fleet, group), { log: state.log as LogId, term, ...desired }),
      groups.put(subjects.groupStatus(fleet, group), { ...groupStatus(state, observed, group), term }),
    ]);
  }
}
