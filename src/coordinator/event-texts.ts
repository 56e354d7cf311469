/**
 * The JSON of events, made once for the two who need it: the outcome that goes to an asker who speaks JSON, and the
 * feed a moment later. Making it is the dearest step of an outcome.
 */
import type { Event } from '../../schemas/events.ts';

/** Texts kept for the feed: it follows within some records. One that is overwritten is made again. A power of two. */
const textsKept = 8_192;

export class EventTexts {
  /** By position modulo `textsKept`. */
  readonly #positions = new Float64Array(textsKept);
  readonly #texts: (string | undefined)[] = new Array<undefined>(textsKept).fill(undefined);

  /** Kept until it is taken. */
  of(event: Event): string {
    const slot = event.position % textsKept;
    const kept = this.#texts[slot];
    if (kept !== undefined && this.#positions[slot] === event.position) return kept;
    const text = JSON.stringify(event);
    this.#positions[slot] = event.position;
    this.#texts[slot] = text;
    return text;
  }

  /** For its last use. */
  take(event: Event): string {
    const slot = event.position % textsKept;
    const kept = this.#texts[slot];
    if (kept === undefined || this.#positions[slot] !== event.position) return JSON.stringify(event);
    this.#texts[slot] = undefined;
    return kept;
  }
}
