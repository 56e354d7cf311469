/** The events of a source in order, each link of the chain checked: what `muster log` tells of a file. */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { Linking } from './linked.ts';
import type { LogSource } from './log-source.ts';

export interface ToldOptions {
  /** The first that is told. Default 1. */
  readonly from?: Position;
  readonly signal: AbortSignal;
}

export async function* toldEvents(
  source: LogSource,
  { from = 1, signal }: ToldOptions,
): AsyncGenerator<Event, void, undefined> {
  const linking = new Linking(source);
  for await (const item of source.read({ fromSequence: 1, signal })) {
    const linked = await linking.take(item);
    if (linked === undefined) return;
    if (linked.status === 'void') continue;
    for (const event of linked.record.events) if (event.position >= from) yield event;
  }
}
