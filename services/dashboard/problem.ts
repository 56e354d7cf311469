/** Refusals over HTTP (RFC 9457): one shape for rejections, failures and wrong requests, with a code for programs. */
import { z } from 'zod';
import { Position } from '../../schemas/ids.ts';
import type { Rejection, RejectionCode } from '../../schemas/rejection.ts';
import type { Failure, FailureCode } from '../../src/std/failure.ts';

export const problemType = 'application/problem+json';

export const ProblemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** A rejection's code, a failure's, or one of HTTP's own: what programs look at. */
  code: z.string(),
  /** What was refused and why, in one sentence. */
  detail: z.string(),
  /** What to do next, where we know it. */
  next: z.string().optional(),
  /** The field it is about, as a dotted path. */
  field: z.string().optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  /** Where the refusal stands in the log, if it came to that. */
  position: Position.optional(),
});
export type ProblemBody = z.infer<typeof ProblemBody>;

type Detail = Omit<ProblemBody, 'type' | 'title'> & { readonly title?: string };

/** Thrown by whatever answers a request; carried to the client as it is. */
export class Problem extends Error {
  readonly body: ProblemBody;

  constructor({ title, ...detail }: Detail) {
    super(detail.detail);
    this.name = 'Problem';
    this.body = { type: `urn:muster:problem:${detail.code}`, title: title ?? titleOf(detail.code), ...detail };
  }
}

const statusByRejection: { readonly [C in RejectionCode]?: number } = {
  malformed: 400,
  invalid: 400,
  'unknown-command': 404,
  forbidden: 403,
  'system-only': 403,
  conflict: 412,
  'too-large': 413,
  'unknown-group': 404,
  'unknown-server': 404,
  'unknown-project': 404,
  'unknown-version': 404,
  'unknown-deployment': 404,
  'unknown-balancer': 404,
};

/** What the fleet refused. What stands against how it is now is a conflict, unless it is one of those above. */
export function ofRejection({ code, message, next, field }: Rejection, position?: number): Problem {
  return new Problem({
    status: /^unknown-/.test(code) ? 404 : (statusByRejection[code] ?? 409),
    code,
    detail: message,
    ...(next === undefined ? {} : { next }),
    ...(field === undefined ? {} : { field }),
    ...(position === undefined ? {} : { position }),
  });
}

const statusByFailure: { readonly [C in FailureCode]?: number } = {
  'config-invalid': 400,
  'bundle-invalid': 400,
  malformed: 502,
  conflict: 409,
  timeout: 504,
  unsupported: 501,
};

/** What the world did. All but a wrong question may be asked again. */
export function ofFailure({ code, message }: Failure): Problem {
  return new Problem({ status: statusByFailure[code] ?? 503, code, detail: message });
}

export function notFound(code: string, detail: string, next?: string): Problem {
  return new Problem({ status: 404, code, detail, ...(next === undefined ? {} : { next }) });
}

export function badRequest(detail: string, field?: string): Problem {
  return new Problem({ status: 400, code: 'invalid', detail, ...(field === undefined ? {} : { field }) });
}

function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
