/** Which events somebody wants to see. Pure. */
import type { Event } from '../../schemas/events.ts';

export interface FilterOptions {
  readonly group?: string;
  readonly server?: string;
  readonly project?: string;
  readonly principal?: string;
  readonly type?: readonly string[];
  /** Milliseconds since the epoch, both included. */
  readonly since?: number;
  readonly until?: number;
  readonly rejected?: boolean;
}

/** Where an event's data names a thing of this kind, one or a list of them. */
const fieldsByKind = {
  group: 'group from groups next'.split(' '),
  server: 'server joined leaving'.split(' '),
  project: ['project'],
} as const;

export function isFiltering(filter: FilterOptions): boolean {
  return Object.values(filter).some((wanted) => wanted !== undefined);
}

export function matches(event: Event, filter: FilterOptions): boolean {
  const { principal, type, since, until, rejected } = filter;
  if (principal !== undefined && event.principal !== principal) return false;
  if (type !== undefined && !type.includes(event.type)) return false;
  if (since !== undefined && event.at < since) return false;
  if (until !== undefined && event.at > until) return false;
  if (rejected === true && event.type !== 'command.rejected') return false;
  return (['group', 'server', 'project'] as const).every((kind) => {
    const wanted = filter[kind];
    return wanted === undefined || names(event.data, kind).includes(wanted.toLowerCase());
  });
}

function names(data: object, kind: keyof typeof fieldsByKind): string[] {
  const held = data as Readonly<Record<string, unknown>>;
  return fieldsByKind[kind].flatMap((field) => namesIn(held[field], kind));
}

/** A name, a list of them, or where a server goes next. */
function namesIn(value: unknown, kind: string): string[] {
  if (typeof value === 'string') return [value.toLowerCase()];
  if (Array.isArray(value)) return value.flatMap((one) => namesIn(one, kind));
  if (typeof value !== 'object' || value === null) return [];
  return namesIn((value as Readonly<Record<string, unknown>>)[kind], kind);
}
