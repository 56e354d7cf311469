/** Proves the log, as `muster audit verify` does: whole in itself, signed, and what is derived from it follows from it. */
import { z } from 'zod';
import { LogId, Position } from '../../../schemas/ids.ts';
import { coordinatorAnswers } from '../../../src/audit/coordinator-answers.ts';
import { verify } from '../../../src/audit/verify.ts';
import { publicKeyFromPem } from '../../../src/proof/keys.ts';
import { Failure } from '../../../src/std/failure.ts';
import { unauthenticated } from '../access.ts';
import { answerLines } from '../answer-lines.ts';
import type { Api, App } from '../app.ts';
import { commandRefusals, lines } from '../bodies.ts';
import { longReadTimeoutMs, progressLine, ProgressLine } from '../long-reads.ts';

const VerdictBody = z.object({
  status: z.enum(['whole', 'wrong']),
  /** The first that is wrong, and how. */
  finding: z
    .object({
      flaw: z.enum(['changed', 'missing', 'reordered', 'inserted', 'forged', 'cut', 'snapshot', 'coordinator']),
      position: Position,
      through: Position,
      sequence: z.int(),
      reason: z.string(),
    })
    .optional(),
  log: LogId.nullable(),
  /** Read and found right. */
  records: z.int(),
  last: z.int().min(0),
  term: z.int().min(0),
  lastHash: z.string(),
  voids: z.array(z.int()),
  /** By whose signature, and up to where; null: by nobody's that is trusted. Without a key from outside nothing is proven. */
  proven: z.object({ by: z.enum(['manifest', 'checkpoints']), through: Position }).nullable(),
  checkpoints: z.int(),
  snapshots: z.object({ equal: z.int(), strange: z.array(z.string()), unread: z.array(z.string()) }).nullable(),
  /** Null: none answers. */
  coordinator: z.object({ equal: z.int(), ahead: z.int() }).nullable(),
});

const VerifyLine = z.union([
  ProgressLine,
  /** The last line. */
  z.strictObject({ end: VerdictBody }),
]);

export function addVerify(app: App, { asOf, clock, logger, longReads, senders }: Api): void {
  app.post(
    '/v1/verify',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['history'],
        summary: 'Proves the log; says what is wrong first, and how.',
        body: z.strictObject({
          /** The leader's, as PEM, kept elsewhere than the log: without it the log is whole at best, never proven. */
          publicKey: z.string().max(2_000).optional(),
        }),
        response: {
          200: lines(VerifyLine, 'How far it has read, and at last the verdict.'),
          ...commandRefusals,
        },
      },
    },
    (request, reply) =>
      longReads.run(() =>
        answerLines({ request, reply, clock, logger, timeoutMs: longReadTimeoutMs }, async ({ signal, tell }) => {
          const { caller, body } = request;
          if (caller === null) throw unauthenticated();
          const key = body.publicKey === undefined ? {} : { key: publicKeyFromPem(body.publicKey) };
          asOf.now();
          const held = senders.as(caller.principal, (muster) => coordinatorAnswers(muster));
          const answers = await held.then((given) => ({ answers: given }), noneAnswers);
          const { source, live } = asOf.source(signal);
          const snapshots = live === undefined ? {} : { snapshots: live.bucket };
          const progress = { clock, onProgress: progressLine(tell) };
          return { end: await verify(source, { ...key, ...snapshots, ...answers, progress, signal }) };
        }),
      ),
  );
}

/** Verifying a log needs no coordinator. */
function noneAnswers(caught: unknown): object {
  if (caught instanceof Failure && (caught.code === 'no-responders' || caught.code === 'timeout')) return {};
  throw caught;
}
