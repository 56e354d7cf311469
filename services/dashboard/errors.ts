/** Whatever a request ends in that is no answer, as problem+json. Bugs are told to the log, never to the client. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Failure, textOf } from '../../src/std/failure.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { App } from './app.ts';
import { notFound, ofFailure, Problem, type ProblemBody, problemType } from './problem.ts';

/** Issues named one by one. */
const issuesMax = 20;

export function addErrors(app: App, logger: Logger): void {
  app.setErrorHandler((error, request, reply) => send(reply, problemOf(error, request, logger)));
}

export function nothingAt({ method, url }: FastifyRequest): Problem {
  return notFound('unknown-route', `there is no ${method} ${url.slice(0, 200)}`, 'see /openapi.json');
}

export function send(reply: FastifyReply, { body }: Problem): FastifyReply {
  return reply.code(body.status).type(problemType).send(JSON.stringify(body));
}

export function problemOf(error: unknown, request: FastifyRequest, logger: Logger): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Failure) {
    const problem = ofFailure(error);
    logger.warn(
      { method: request.method, url: request.url, code: error.code, reason: error.message },
      'request failed',
    );
    return problem;
  }
  if (hasZodFastifySchemaValidationErrors(error)) return ofValidation(error.validation, error.validationContext);
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  // Of Fastify itself: a body that is no JSON, too large, of another type.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Problem({ status: statusCode, code: codeOf(statusCode, code), detail: textOf(error) });
  }
  logger.error({ method: request.method, url: request.url, error }, 'a bug ended a request');
  return new Problem({ status: 500, code: 'bug', detail: 'something is wrong in the dashboard; its log says what' });
}

type Validation = readonly { readonly instancePath: string; readonly message?: string }[];

function ofValidation(validation: Validation, context: string | undefined): Problem {
  const issues: NonNullable<ProblemBody['issues']> = validation
    .slice(0, issuesMax)
    .map(({ instancePath, message }) => ({
      path: instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: message ?? 'is not of the right form',
    }));
  const [first] = issues;
  const part = context === 'querystring' ? 'query' : (context ?? 'request');
  const path = first?.path ?? '';
  const detail = `${path === '' ? `the ${part}` : `"${path}" in the ${part}`}: ${first?.message ?? 'not of the right form'}`;
  return new Problem({ status: 400, code: 'invalid', detail, ...(path === '' ? {} : { field: path }), issues });
}

function codeOf(status: number, code: string | undefined): string {
  switch (status) {
    case 413:
      return 'too-large';
    case 415:
      return 'unsupported-media-type';
    case 429:
      return 'overloaded';
    default:
      return code === 'FST_ERR_CTP_INVALID_JSON_BODY' || status === 400 ? 'malformed' : 'refused';
  }
}
