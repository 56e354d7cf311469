/**
 * The one registry of what crosses a process boundary: each message with its schema, who sends it to whom, on which
 * subject, and in which stream it is kept. JSON Schema and the AsyncAPI document are generated from it, and a test
 * fails on drift: what is not here does not exist for others.
 */
import { z } from 'zod';
import { asked, type CatalogEntry, kept, parameters } from './catalog-entry.ts';
import { listedMessages } from './catalog-messages.ts';
import { CommandEnvelope, type CommandType, commandSchemas, commandTypes } from './commands.ts';
import { concernKindByEvent } from './concern.ts';
import { eventSchemas, eventTypes } from './events.ts';
import { Position } from './ids.ts';
import { type Concern, subjects } from './subjects.ts';
import { type QueryName, querySchemas } from './views.ts';

const { fleet: f, principal: p } = parameters;

const commands: readonly CatalogEntry[] = commandTypes.map((type) => ({
  name: `command.${type}`,
  kind: 'command',
  summary: `Asks for ${type}.`,
  schema: commandBody(type),
  from: 'asker',
  to: 'coordinator',
  channels: [kept(subjects.command(f, p, type), 'COMMANDS'), asked(subjects.do(f, p, type))],
  answer: 'outcome',
}));

const events: readonly CatalogEntry[] = eventTypes.map((type) => ({
  name: `event.${type}`,
  kind: 'event',
  summary: `The data of ${type}; its head is that of \`event\`.`,
  schema: eventSchemas[type],
  from: 'coordinator',
  to: 'anyone',
  channels: [kept(subjects.event(f, { kind: concernKindByEvent[type], id: '{id}' as Concern['id'] }), 'FEED')],
}));

const queries: readonly CatalogEntry[] = (Object.keys(querySchemas) as QueryName[]).flatMap((name) => [
  {
    name: `query.${name}`,
    kind: 'query',
    summary: `Asks any replica for ${name}, as of a position.`,
    schema: z.strictObject({ ...querySchemas[name].ask.shape, atLeast: Position.optional() }),
    from: 'asker',
    to: 'coordinator',
    channels: [asked(subjects.query(f, name))],
    answer: 'query-answer',
  },
  {
    name: `view.${name}`,
    kind: 'query',
    summary: `What \`data\` of an answer to query ${name} holds.`,
    schema: querySchemas[name].answer,
    from: 'coordinator',
    to: 'asker',
    channels: [],
  },
]);

export const catalog: readonly CatalogEntry[] = [...commands, ...events, ...queries, ...listedMessages];

/** What a body holds: the payload's fields beside the envelope's. The type stands in the subject alone. */
function commandBody(type: CommandType): z.ZodType {
  const { shape } = commandSchemas[type];
  return z.strictObject({ ...CommandEnvelope.shape, ...shape });
}
