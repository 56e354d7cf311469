/** The log as CloudEvents 1.0, one JSON event a line: for whoever has tools for those. It proves nothing by itself. */
import type { Event } from '../../schemas/events.ts';
import type { FleetId, LogId, Position } from '../../schemas/ids.ts';
import { affects } from '../domain/affects.ts';
import { evolve } from '../domain/evolve.ts';
import { emptyState } from '../domain/fleet-state.ts';
import type { FleetState } from '../domain/state.ts';
import { Linking } from './linked.ts';
import type { LogSource } from './log-source.ts';
import { type ProgressOptions, progressTeller } from './progress.ts';
import { writeWhole } from './write-whole.ts';

export interface CloudEventsOptions {
  readonly path: string;
  readonly fleet: FleetId;
  readonly progress?: ProgressOptions;
  readonly signal: AbortSignal;
}

/** Compressed where the file's name ends in `.gz`. Returns the last position. */
export async function exportCloudEvents(source: LogSource, options: CloudEventsOptions): Promise<Position> {
  const { path, signal } = options;
  const state = emptyState();
  await writeWhole({ path, gzip: path.endsWith('.gz'), lines: lines(source, state, options), signal });
  return state.position;
}

async function* lines(source: LogSource, state: FleetState, { fleet, signal, progress }: CloudEventsOptions) {
  const tell = progressTeller(progress);
  const linking = new Linking(source);
  for await (const item of source.read({ fromSequence: 1, signal })) {
    const linked = await linking.take(item);
    if (linked === undefined) return;
    if (linked.status === 'void') continue;
    for (const event of linked.record.events) {
      evolve(state, event);
      yield `${JSON.stringify(cloudEvent(event, { fleet, state }))}\n`;
    }
    tell(linked.cursor.position);
  }
}

export interface CloudEventContext {
  readonly fleet: FleetId;
  readonly state: Pick<FleetState, 'fleet' | 'serverById'> & { readonly log: LogId | null };
}

/** Extension attributes are lower case letters and digits, and numbers in them at most 32 bits: so these are text. */
export function cloudEvent(event: Event, { fleet, state }: CloudEventContext): Record<string, unknown> {
  const { position, version, at, principal, command, reason, type, data } = event;
  const [concern] = affects(event, state);
  return {
    specversion: '1.0',
    id: String(position),
    source: `/muster/${fleet}/${state.log ?? ''}`,
    type: `muster.${type}`,
    ...(concern === undefined ? {} : { subject: `${concern.kind}/${concern.id}` }),
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    sequence: String(position).padStart(16, '0'),
    eventversion: version,
    principal,
    ...(command === undefined ? {} : { commandid: command.id }),
    ...(reason === undefined ? {} : { reason }),
    data,
  };
}
