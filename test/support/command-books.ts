/**
 * Commands asked without pause, and what became of each written down: the books that a log is compared with. The
 * first of what it is told counts; what it is not told may have happened or not, but never twice.
 */
import { expect } from 'vitest';
import type { FleetId, GroupName } from '../../schemas/ids.ts';
import type { Muster, SendOutcome } from '../../src/client/index.ts';
import { systemClock } from '../../src/std/clock.ts';
import { pause } from '../../src/std/deadline.ts';
import { Failure } from '../../src/std/failure.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { eventually } from './eventually.ts';
import { readWholeLog } from './log-reading.ts';

/** A client that was refused comes back a little later. */
const afterFailureMs = 50;

export class CommandBooks {
  readonly accepted: Extract<SendOutcome, { status: 'accepted' }>[] = [];
  /** Groups whose creation was given up without an answer. */
  readonly unknown: string[] = [];
  readonly #muster: Muster;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  #asked = 0;
  #isOver = false;
  readonly #asking: Promise<void>[];

  constructor(muster: Muster, { prefix = 'g', inFlight = 4, timeoutMs = 30_000 } = {}) {
    this.#muster = muster;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.#asking = Array.from({ length: inFlight }, () => this.#ask());
  }

  /** Waits for as many more acceptances. */
  async more(count: number, timeoutMs = 60_000): Promise<void> {
    const wanted = this.accepted.length + count;
    await eventually(() => this.accepted.length >= wanted, { what: `${count} more commands`, timeoutMs });
  }

  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#asking);
  }

  /** Each accepted one stands where its outcome said, once; each other at most once; terms never go back. */
  async balance(bus: Bus, fleet: FleetId): Promise<void> {
    const { events, records } = await readWholeLog(bus, fleet);
    for (const { position, event } of this.accepted) expect(events[position - 1]).toEqual(event);
    const created = events.flatMap((event) => (event.type === 'group.created' ? [String(event.data.group)] : []));
    expect(new Set(created).size).toBe(created.length);
    const mine = created.filter((group) => group.startsWith(this.#prefix));
    const possible = new Set([...this.accepted.map(({ event }) => groupOf(event)), ...this.unknown]);
    expect(mine.filter((group) => !possible.has(group))).toEqual([]);
    const terms = records.map(({ term }) => term);
    expect(terms).toEqual([...terms].sort((a, b) => a - b));
  }

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      const group = `${this.#prefix}${++this.#asked}`;
      try {
        const timeoutMs = this.#timeoutMs;
        const outcome = await this.#muster.send('group.create', { group: group as GroupName }, { timeoutMs });
        if (outcome.status === 'rejected') throw new Error(JSON.stringify(outcome));
        this.accepted.push(outcome);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.unknown.push(group);
        // What is refused at once would be asked again without end.
        await pause({ clock: systemClock, delayMs: afterFailureMs });
      }
    }
  }
}

function groupOf(event: { data: object }): string {
  return 'group' in event.data ? String(event.data.group) : '';
}
