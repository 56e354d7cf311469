/** Recorded history once more: decision by decision, and under a changed policy. Long readings, told line by line. */
import { z } from 'zod';
import { Event } from '../../../schemas/events.ts';
import { At, GroupId, Position, ServerId } from '../../../schemas/ids.ts';
import { RolloutStatus } from '../../../schemas/rollout.ts';
import { rangeOf } from '../../../src/audit/as-of.ts';
import { eventText } from '../../../src/audit/event-text.ts';
import { replayDecisions } from '../../../src/audit/replay-decisions.ts';
import { TriedPolicy, tryPolicy } from '../../../src/audit/try-policy.ts';
import { answerLines } from '../answer-lines.ts';
import type { Api, App } from '../app.ts';
import { commandRefusals, lines, refusals, timedOut } from '../bodies.ts';
import { InstantText } from '../event-query.ts';
import { longReadTimeoutMs, progressLine, ProgressLine } from '../long-reads.ts';

/** Events told in one answer; `next` says where to go on. */
const stepsMax = 100_000;

const ReplayLine = z.union([
  z.strictObject({
    step: z.object({
      text: z.string(),
      event: Event,
      /** Null: it was a person's decision, or a coordinator's about itself. */
      decided: z
        .object({
          by: z.enum(['machine', 'planner', 'pool']),
          /** Whether today's program decides the same on what is recorded. */
          agrees: z.boolean(),
          instead: z.array(z.string()),
        })
        .nullable(),
      follows: z.array(
        z.object({
          of: z.enum(['machine', 'directive', 'assignment', 'pool', 'planner']),
          group: GroupId.nullable(),
          /** The server, or the rollout's position. */
          subject: z.union([ServerId, Position]),
          before: z.string().nullable(),
          after: z.string().nullable(),
        }),
      ),
    }),
  }),
  ProgressLine,
  /** The last line. */
  z.strictObject({
    end: z.object({
      position: z.int().min(0),
      events: z.int(),
      agreed: z.int(),
      differed: z.int(),
      /** The first few positions that were decided otherwise. */
      differing: z.array(Position),
      /** There is more, from here on. */
      next: Position.optional(),
    }),
  }),
]);

const TriedLine = z.union([
  ProgressLine,
  /** The last line: rollouts whose policy would have been another, and how many have it anyway. */
  z.strictObject({
    end: z.object({
      position: z.int().min(0),
      at: At,
      unconcerned: z.int(),
      rollouts: z.array(
        z.object({
          group: GroupId,
          rollout: Position,
          askedAt: At,
          projects: z.array(z.string()),
          recorded: z.object({ status: RolloutStatus, at: At.nullable() }),
          /** `unknown` from `position` on: what it would have needed was not recorded. Never a guess. */
          tried: z.object({
            status: z.enum(['same', 'fails', 'pauses', 'succeeds', 'rolled-back', 'waits', 'unknown']),
            at: At.optional(),
            position: Position.optional(),
            reason: z.string().optional(),
          }),
        }),
      ),
    }),
  }),
]);

const tags = ['history'];
const config = { role: 'viewer' } as const;
const between = { from: InstantText.optional(), to: InstantText.optional() };

export function addReplay(app: App, api: Api): void {
  const { asOf, clock, logger, longReads } = api;
  const instants = ({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }) => ({
    from: from === undefined ? undefined : asOf.instant(from),
    to: to === undefined ? undefined : asOf.instant(to),
  });
  app.get(
    '/v1/replay',
    {
      config,
      schema: {
        tags,
        summary: 'Recorded history, event by event: what was decided, whether it would be again, and what followed.',
        querystring: z.strictObject(between),
        response: { 200: lines(ReplayLine, 'A line an event; the last sums up.'), ...refusals, 504: timedOut },
      },
    },
    (request, reply) =>
      longReads.run(() =>
        answerLines({ request, reply, clock, logger, timeoutMs: longReadTimeoutMs }, async ({ signal, tell }) => {
          const { position: head } = asOf.now();
          const options = asOf.source(signal);
          const { from = 1, to = head } = await rangeOf(options, instants(request.query));
          const until = Math.min(to, from + stepsMax - 1);
          const onProgress = progressLine(tell, { until: from });
          const summed = await replayDecisions({
            ...options,
            from,
            to: until,
            progress: { clock, onProgress },
            onStep: (step) => tell({ step: { text: eventText(step.event), ...step } }),
          });
          const { events, agreed, differed, differing, moment } = summed;
          const next = until < Math.min(to, head) ? { next: until + 1 } : {};
          return { end: { position: moment.position, events, agreed, differed, differing, ...next } };
        }),
      ),
  );
  app.post(
    '/v1/replay',
    {
      config,
      schema: {
        tags,
        summary: 'Which rollouts would have gone otherwise under a changed policy, and when; unknown stays unknown.',
        body: z.strictObject({ ...between, policy: TriedPolicy }),
        response: {
          200: lines(TriedLine, 'How far it has read, and at last what it found.'),
          ...commandRefusals,
        },
      },
    },
    (request, reply) =>
      longReads.run(() =>
        answerLines({ request, reply, clock, logger, timeoutMs: longReadTimeoutMs }, async ({ signal, tell }) => {
          asOf.now();
          const options = asOf.source(signal);
          const range = await rangeOf(options, instants(request.body));
          const progress = { clock, onProgress: progressLine(tell) };
          return { end: await tryPolicy({ ...options, ...range, progress, policy: request.body.policy }) };
        }),
      ),
  );
}
