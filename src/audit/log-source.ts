/**
 * What history is read from, live stream and exported file alike: stored records in order, once, to the end. Whatever
 * reads it checks the chain itself; a source only says where its bytes stop making sense.
 */
import type { LogPort, StoredRecord } from '../eventlog/log-port.ts';
import { Failure } from '../std/failure.ts';
import type { Manifest } from './manifest.ts';

export interface ReadOptions {
  /** Records below are passed over. */
  readonly fromSequence: number;
  readonly signal: AbortSignal;
}

export interface LogSource {
  /** For people: "MUSTER_main_LOG", "fleet.ndjson.gz". */
  readonly name: string;
  /** Who holds the records, to be asked again for one that does not link as it was delivered. A file has but one answer. */
  readonly log?: Pick<LogPort, 'get'>;
  /** Up to the end there was when reading began. `damaged` and `closed` end it; one that just ends has no closing. */
  read(options: ReadOptions): AsyncIterable<Item>;
}

export type Item =
  | { readonly status: 'record'; readonly stored: StoredRecord; readonly written?: Written }
  /** From here on there are bytes that are no export, or the bytes end where they must not. */
  | { readonly status: 'damaged'; readonly flaw: 'changed' | 'cut'; readonly reason: string }
  | { readonly status: 'closed'; readonly closing: Closing };

export type RecordItem = Extract<Item, { status: 'record' }>;

/** What an exported line says beside the record's bytes: all of it follows from them. */
export interface Written {
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  /** The events as JSON text. */
  readonly events: string;
}

/** The last line of an export. */
export interface Closing {
  readonly manifest: Manifest;
  /** Base64; null where nobody signed. */
  readonly signature: string | null;
  /** SHA-256 over every line before, hex, as they were read. */
  readonly digest: string;
}

/** A stream that is silent so long while it has more to give is not going to give it. */
const silentMaxMs = 60_000;
const requestTimeoutMs = 10_000;

/** A log on JetStream, or in memory. */
export function liveSource(log: Pick<LogPort, 'read' | 'lastSequence' | 'get'>, name: string): LogSource {
  return {
    name,
    log,
    async *read({ fromSequence, signal }) {
      const last = await log.lastSequence(requestTimeoutMs);
      if (fromSequence > last) return;
      const stop = new AbortController();
      const silence = watchSilence(stop);
      try {
        const both = AbortSignal.any([signal, stop.signal]);
        for await (const stored of log.read({ fromSequence, signal: both })) {
          silence.isBroken();
          yield { status: 'record', stored };
          if (stored.sequence >= last) return;
          if (stored.pending === 0) return yield endsEarly(stored.sequence, last);
          silence.begins();
        }
        if (silence.expired()) throw silent(name);
        if (signal.aborted) throw new Failure({ code: 'aborted', retryable: false, message: `reading ${name}` });
      } finally {
        silence.end();
        stop.abort();
      }
    },
  };
}

/** The stream says it ends later than it does: its last messages were taken out. */
function endsEarly(sequence: number, last: number): Item {
  return {
    status: 'damaged',
    flaw: 'cut',
    reason: `the stream ends at ${sequence}, though it says it ends at ${last}`,
  };
}

/** Looks at so many a silence. */
const looksMax = 10;

/** One timer for the whole read, and no look at a clock: either for each record would cost more than it. */
function watchSilence(stop: AbortController) {
  let isWaiting = true;
  /** Looks in a row that found us waiting since the one before. */
  let looks = 0;
  const timer = setInterval(() => {
    looks = isWaiting ? looks + 1 : 0;
    if (looks > looksMax) stop.abort();
  }, silentMaxMs / looksMax);
  timer.unref();
  return {
    isBroken: () => {
      isWaiting = false;
      looks = 0;
    },
    begins: () => {
      isWaiting = true;
    },
    expired: () => looks > looksMax,
    end: () => clearInterval(timer),
  };
}

function silent(name: string): Failure {
  const message = `${name} gave nothing for ${silentMaxMs / 1_000} s, though its end is not reached`;
  return new Failure({ code: 'timeout', retryable: true, message });
}
