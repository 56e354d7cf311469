/** Which events somebody asks for, as the query of an address: the same filters as on the command line. */
import { z } from 'zod';
import { type EventType, eventTypes } from '../../schemas/events.ts';
import { GroupName, Principal, ProjectId, ServerId } from '../../schemas/ids.ts';
import type { FilterOptions } from '../../src/audit/event-filter.ts';
import { parseInstant } from '../../src/audit/instant-text.ts';
import { badRequest } from './problem.ts';

const digits = (what: string) =>
  z
    .string()
    .regex(/^[0-9]{1,15}$/, `must be ${what}`)
    .transform(Number);
/** A position in an address. */
export const PositionText = digits('a position');
/** How many on a page. */
export const LimitText = z
  .string()
  .regex(/^([1-9][0-9]{0,2}|1000)$/, 'must be a number from 1 to 1000')
  .transform(Number);
export const limitDefault = 100;
/** A place in history: parsed where the time is known. */
export const InstantText = z.string().min(1).max(64);

const knownTypes: ReadonlySet<string> = new Set(eventTypes);

export const eventFilterQuery = {
  group: GroupName.optional(),
  server: ServerId.optional(),
  project: ProjectId.optional(),
  principal: Principal.optional(),
  /** Event types, with commas between. */
  type: z
    .string()
    .max(2_000)
    .refine((text) => text.split(',').every((type) => knownTypes.has(type)), 'must be event types, with commas between')
    .optional(),
  /** A time, or how long ago. */
  since: InstantText.optional(),
  until: InstantText.optional(),
  /** Only what was refused. */
  rejected: z.enum(['true', 'false']).optional(),
};
const EventFilterQuery = z.object(eventFilterQuery);

export function filterOf(query: z.output<typeof EventFilterQuery>, now: number): FilterOptions {
  const { group, server, project, principal, type, since, until, rejected } = query;
  return {
    ...(group === undefined ? {} : { group }),
    ...(server === undefined ? {} : { server }),
    ...(project === undefined ? {} : { project }),
    ...(principal === undefined ? {} : { principal }),
    ...(type === undefined ? {} : { type: type.split(',') as EventType[] }),
    ...(since === undefined ? {} : { since: timeOf(since, 'since', now) }),
    ...(until === undefined ? {} : { until: timeOf(until, 'until', now) }),
    ...(rejected === 'true' ? { rejected: true } : {}),
  };
}

function timeOf(text: string, field: string, now: number): number {
  const instant = parseInstant(text, now);
  if (instant !== undefined && 'time' in instant) return instant.time;
  throw badRequest(`"${text}" is no time (2026-03-01T12:00:00Z) or age (15m)`, field);
}
