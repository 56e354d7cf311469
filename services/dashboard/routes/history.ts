/** The log told: what differs between two instants, and why something is as it is. */
import { z } from 'zod';
import { Event } from '../../../schemas/events.ts';
import { At, GroupId, GroupName, groupIdOf, Position, ProjectId, ServerId } from '../../../schemas/ids.ts';
import { changedThings, diff } from '../../../src/audit/diff.ts';
import { eventText } from '../../../src/audit/event-text.ts';
import type { Moment } from '../../../src/audit/replay.ts';
import { why, type WhyAsk } from '../../../src/audit/why.ts';
import type { Views } from '../../../src/audit/why-standing.ts';
import { answerQuery } from '../../../src/projections/views.ts';
import { Semaphore } from '../../../src/std/semaphore.ts';
import type { Api, App } from '../app.ts';
import { atQuery, refusals } from '../bodies.ts';
import { InstantText, PositionText } from '../event-query.ts';
import { notFound } from '../problem.ts';

const Described = z.record(z.string(), z.unknown()).nullable();
const End = z.object({ position: Position, at: At });
const Diff = z.object({
  position: Position,
  from: End,
  to: End,
  items: z.array(
    z.object({
      what: z.enum(changedThings),
      group: GroupId.nullable(),
      name: z.string(),
      /** Null: it was not there; is not there. */
      before: Described,
      after: Described,
    }),
  ),
});
const WhyAnswer = z.object({
  ask: z.unknown(),
  position: Position,
  at: At,
  standing: z.object({ status: z.string(), reason: z.string(), next: z.array(z.string()) }),
  /** Newest first. */
  steps: z.array(z.object({ text: z.string(), cause: z.unknown(), event: Event })),
});

/** Each reads a part of the log: one at a time leaves room for everything else. */
const readersMax = 2;
const readTimeoutMs = 60_000;

export function addHistory(app: App, api: Api): void {
  const { asOf } = api;
  app.get(
    '/v1/diff',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['history'],
        summary: 'What changed between two instants.',
        querystring: z.strictObject({ from: InstantText, to: InstantText.optional(), group: GroupName.optional() }),
        response: { 200: Diff, ...refusals },
      },
    },
    async ({ query: { from, to, group } }) => {
      const [before, after] = [await asOf.at(from), await asOf.at(to)];
      if (group !== undefined && ![before, after].some(({ state }) => state.groupById.has(groupIdOf(group)))) {
        throw notFound('unknown-group', `there was no group "${group}" at either time`);
      }
      const items = diff(before.state, after.state, group === undefined ? {} : { group });
      const end = ({ position, state }: typeof before) => ({ position, at: state.at });
      return { position: after.position, from: end(before), to: end(after), items } as z.infer<typeof Diff>;
    },
  );
  addWhy(app, api);
}

const askByKind = {
  server: z.strictObject({ id: ServerId }).transform(({ id }): WhyAsk => ({ kind: 'server', server: id })),
  group: z.strictObject({ id: GroupName }).transform(({ id }): WhyAsk => ({ kind: 'group', group: id })),
  deployment: z
    .strictObject({ project: ProjectId, group: GroupName })
    .transform(({ project, group }): WhyAsk => ({ kind: 'deployment', project, group })),
  position: z.strictObject({ id: PositionText }).transform(({ id }): WhyAsk => ({ kind: 'position', position: id })),
} as const;
const pathByKind = {
  server: '/v1/why/server/:id',
  group: '/v1/why/group/:id',
  deployment: '/v1/why/deployment/:project/:group',
  position: '/v1/why/position/:id',
} as const;

function addWhy(app: App, { asOf, follower }: Api): void {
  const readers = new Semaphore(readersMax);
  const views =
    (_moment: Moment): Views =>
    async (name, ask) =>
      answerQuery(name, ask, follower.state, follower.observed);
  for (const kind of Object.keys(askByKind) as (keyof typeof askByKind)[]) {
    app.get(
      pathByKind[kind],
      {
        config: { role: 'viewer' },
        schema: {
          tags: ['history'],
          summary: `Why a ${kind} is as it is: the events that led there, and what must happen.`,
          params: askByKind[kind],
          querystring: z.strictObject(atQuery),
          response: { 200: WhyAnswer, ...refusals },
        },
      },
      async ({ params: ask, query: { at } }) => {
        const seen = await asOf.at(at);
        const options = asOf.source(AbortSignal.timeout(readTimeoutMs));
        const then = at === undefined ? { views } : { at: { position: seen.position } };
        const found = await readers.run(() => why({ ...options, ...then }, ask));
        const steps = found.steps.map(({ event, cause }) => ({ text: eventText(event), cause, event }));
        return { ...found, steps } as z.infer<typeof WhyAnswer>;
      },
    );
  }
}
