/** Every browser that listens: opens a stream each, bounded in number, and keeps them awake with a beat. */
import type { ServerResponse } from 'node:http';
import type { FilterOptions } from '../../src/audit/event-filter.ts';
import type { Follower } from '../../src/follower/follower.ts';
import type { Bus } from '../../src/nats/bus.ts';
import type { Clock, Timer } from '../../src/std/clock.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { EventStream } from './event-stream.ts';
import { Problem } from './problem.ts';

/** Browsers at a time; further ones are sent to another dashboard of the same fleet. */
export const streamsMax = 512;
/** Whoever hears nothing for more than two of these has lost us. */
export const beatMs = 5_000;

export interface EventStreamsOptions {
  readonly follower: Follower;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenOptions {
  readonly response: ServerResponse;
  readonly filter: FilterOptions;
  /** The first position to tell. */
  readonly from: number;
}

export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #streams = new Set<EventStream>();
  readonly #release: (() => void)[] = [];
  #bus: 'connected' | 'disconnected' = 'connected';
  #beat: Timer | undefined;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    const { follower, bus } = options;
    const each = (say: (stream: EventStream) => void) => {
      for (const stream of this.#streams) say(stream);
    };
    this.#release.push(
      follower.listen({
        onEvents: () => each((stream) => stream.poke()),
        onObserved: (changed) => each((stream) => stream.observed(changed)),
        onLeader: () => this.#tellAll(),
        onReset: () => each((stream) => stream.reset()),
      }),
      bus.onConnection((status) => {
        this.#bus = status;
        this.#tellAll();
      }),
    );
    this.#beatOn();
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Refuses when there are too many. */
  requireRoom(): void {
    if (this.#streams.size < streamsMax) return;
    const detail = `${streamsMax} listen to this dashboard already`;
    throw new Problem({ status: 503, code: 'overloaded', detail, next: 'start another dashboard of the same fleet' });
  }

  open({ response, filter, from }: OpenOptions): void {
    const { follower, clock, logger } = this.#options;
    const onEnd = () => this.#streams.delete(stream);
    const stream: EventStream = new EventStream({ response, filter, from, follower, clock, logger, onEnd });
    this.#streams.add(stream);
    stream.begin(this.#standing());
  }

  stop(): void {
    for (const release of this.#release.splice(0)) release();
    this.#beat?.cancel();
    for (const stream of this.#streams) stream.end();
  }

  #standing() {
    const { leader, state } = this.#options.follower;
    return {
      position: state.position,
      log: state.log,
      bus: this.#bus,
      leader: leader === null ? null : { instance: leader.instance, term: leader.term },
    };
  }

  #tellAll(): void {
    const standing = this.#standing();
    for (const stream of this.#streams) stream.beat(standing);
  }

  #beatOn(): void {
    this.#beat = this.#options.clock.after(beatMs, () => {
      this.#tellAll();
      this.#beatOn();
    });
  }
}
