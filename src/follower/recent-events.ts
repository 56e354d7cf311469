/** The newest events of the log in memory, in order and without gaps, so that who resumes need not read the stream. */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { assert } from '../std/failure.ts';

/** Some seconds of the highest rate; a browser that was away for longer reads the log. */
export const recentEventsMax = 10_000;
/** What they take in the log, at most: an event may be 384 KiB. */
export const recentBytesMax = 16 * 1024 * 1024;

interface Folded {
  readonly events: readonly Event[];
  readonly bytes: number;
  /** Of the record in the stream. */
  readonly sequence: number;
}

export class RecentEvents {
  /** Oldest first; none without events. */
  #records: Folded[] = [];
  #count = 0;
  #bytes = 0;

  take(events: readonly Event[], { sequence, bytes }: { readonly sequence: number; readonly bytes: number }): void {
    const [first] = events;
    if (first === undefined) return;
    assert(this.#count === 0 || first.position === this.last + 1, 'recent events have no gaps');
    this.#records.push({ events, bytes, sequence });
    this.#count += events.length;
    this.#bytes += bytes;
    while (this.#records.length > 1 && (this.#count > recentEventsMax || this.#bytes > recentBytesMax)) this.#drop();
  }

  /** The oldest there is; 0 where there is none. */
  get first(): Position {
    return this.#records[0]?.events[0]?.position ?? 0;
  }

  get last(): Position {
    return this.#records.at(-1)?.events.at(-1)?.position ?? 0;
  }

  /** The stream's sequence of the oldest record here. */
  get firstSequence(): number {
    return this.#records[0]?.sequence ?? 0;
  }

  has(position: Position): boolean {
    return this.#count > 0 && position >= this.first && position <= this.last;
  }

  /** Up to `max` events from this position on; it must be here. */
  from(position: Position, max: number): readonly Event[] {
    return this.#between(position, Math.min(this.last, position + max - 1));
  }

  /** Up to `max` events that end with this position, oldest first; it must be here. */
  upTo(position: Position, max: number): readonly Event[] {
    return this.#between(Math.max(this.first, position - max + 1), position);
  }

  clear(): void {
    this.#records = [];
    this.#count = 0;
    this.#bytes = 0;
  }

  #between(from: Position, to: Position): Event[] {
    assert(this.has(from) && this.has(to), `recent events hold ${from} to ${to}`);
    const found: Event[] = [];
    for (let index = this.#indexOf(from); index < this.#records.length; index += 1) {
      for (const event of this.#records[index]?.events ?? []) {
        if (event.position > to) return found;
        if (event.position >= from) found.push(event);
      }
    }
    return found;
  }

  /** The record that holds the position, by halves. */
  #indexOf(position: Position): number {
    let low = 0;
    let high = this.#records.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#records[middle]?.events[0]?.position ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A shift a record is cheap: there are some thousand at most. */
  #drop(): void {
    const dropped = this.#records.shift();
    this.#count -= dropped?.events.length ?? 0;
    this.#bytes -= dropped?.bytes ?? 0;
  }
}
