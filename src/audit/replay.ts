/**
 * History folded again, event by event, each link of the chain checked. Promises: the same events in the same order
 * give the same state as they gave the coordinator; memory does not grow with the log. Fails with `log-broken` where
 * the chain breaks: what is behind it is not history. Must not know: who wrote the log, or what was observed.
 */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { evolve } from '../domain/evolve.ts';
import { emptyState } from '../domain/fleet-state.ts';
import type { FleetState } from '../domain/state.ts';
import { type ChainCursor, emptyCursor } from '../eventlog/chain.ts';
import { Linking } from './linked.ts';
import type { LogSource } from './log-source.ts';
import { type ProgressOptions, progressTeller } from './progress.ts';

/** The fleet as it was: its state, the last event in it, and the record that event stands in. */
export interface Moment {
  readonly state: FleetState;
  readonly position: Position;
  /** `at` of that event; 0 before the first. */
  readonly at: number;
  readonly cursor: ChainCursor;
}

export interface ReplayOptions {
  /** The first position told; what lies before is folded in silence. Default 1. */
  readonly from?: Position;
  /** The last one folded. Default: the end. */
  readonly to?: Position;
  /** The last `at` folded. Default: any. */
  readonly until?: number;
  /** Where to fold on from; the state is taken over and written to. Default: before the first event. */
  readonly start?: { readonly state: FleetState; readonly cursor: ChainCursor };
  /** Before each event from `from` on is folded, with the state that does not hold it yet. */
  readonly onBefore?: (event: Event, state: FleetState) => void;
  /** After each event from `from` on, with the state that holds it. What it returns is awaited before the next. */
  readonly onEvent?: (event: Event, state: FleetState) => void | Promise<void>;
  readonly progress?: ProgressOptions;
  readonly signal: AbortSignal;
}

export async function replay(source: LogSource, options: ReplayOptions): Promise<Moment> {
  const {
    from = 1,
    to = Number.POSITIVE_INFINITY,
    until = Number.POSITIVE_INFINITY,
    onEvent,
    onBefore,
    signal,
  } = options;
  const { state, cursor: begin } = options.start ?? { state: emptyState(), cursor: emptyCursor };
  const tell = progressTeller(options.progress);
  let cursor = begin;
  let position = begin.position;
  let at = state.at;
  if (position >= to) return { state, position, at, cursor };
  const linking = new Linking(source, begin);
  for await (const item of source.read({ fromSequence: begin.sequence + 1, signal })) {
    const taken = linking.take(item);
    const linked = taken instanceof Promise ? await taken : taken;
    if (linked === undefined) break;
    cursor = linked.cursor;
    if (linked.status === 'void') continue;
    for (const event of linked.record.events) {
      if (event.position > to || event.at > until) return { state, position, at, cursor };
      if (event.position >= from) onBefore?.(event, state);
      evolve(state, event);
      position = event.position;
      at = event.at;
      if (onEvent === undefined || position < from) continue;
      const work = onEvent(event, state);
      if (work !== undefined) await work;
    }
    tell(position);
    if (position >= to) break;
  }
  return { state, position, at, cursor };
}
