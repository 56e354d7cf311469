/** What waits to be written, and how much of it goes into one record. Pure of I/O; one writer owns it. */
import type { Event } from '../../schemas/events.ts';
import { recordBytesMax, recordEventsMax, type Watermark } from '../../schemas/record.ts';

export interface LogEntry {
  readonly event: Event;
  /** `encodeEvent(event)`: made once, where its size was checked. */
  readonly encoded: Uint8Array;
  /** Where in COMMANDS its command was read. */
  readonly watermark?: Watermark | undefined;
  /** Called once its record is acknowledged. Must not throw. */
  readonly onDurable?: ((entry: LogEntry) => void) | undefined;
}

/** Entries on their way into one record. Appended again as they are if that record never landed. */
export interface Batch {
  readonly entries: readonly LogEntry[];
  /** What the record carries: where COMMANDS had been read by its last entry. */
  readonly watermark: Watermark;
}

/** Head fields, the array's header and JetStream's own header in one record: measured under 500 bytes. */
const recordHeadBytesMax = 4 * 1024;
const eventsBytesMax = recordBytesMax - recordHeadBytesMax;

export class EntryQueue {
  /** Oldest first; in step with `#watermarks`. */
  #entries: LogEntry[] = [];
  /** By entry: how far COMMANDS had been read, duplicates behind the entry included. */
  #watermarks: (Watermark | undefined)[] = [];
  /** Of the last record taken, or later. */
  #watermark: Watermark;

  constructor(watermark: Watermark) {
    this.#watermark = watermark;
  }

  push(entry: LogEntry): void {
    this.#entries.push(entry);
    this.#watermarks.push(entry.watermark);
  }

  /** Not before what waits: a duplicate may repeat a command whose own event is still among it. */
  touch(watermark: Watermark): void {
    if (this.#entries.length > 0) this.#watermarks[this.#watermarks.length - 1] = watermark;
    else this.#watermark = watermark;
  }

  /** As many as one record may hold; undefined when none waits. */
  take(): Batch | undefined {
    let to = 0;
    let bytes = 0;
    while (to < this.#entries.length && to < recordEventsMax) {
      bytes += (this.#entries[to] as LogEntry).encoded.length;
      if (bytes > eventsBytesMax && to > 0) break;
      this.#watermark = this.#watermarks[to] ?? this.#watermark;
      to++;
    }
    if (to === 0) return undefined;
    const entries = this.#entries.slice(0, to);
    // Under load it never runs empty: what is in a record must not stay here.
    this.#entries = this.#entries.slice(to);
    this.#watermarks = this.#watermarks.slice(to);
    return { entries, watermark: this.#watermark };
  }
}
