/**
 * Publishing a version over HTTP: the project's folder as a tar, packed here as the command line packs a folder, so that
 * the same files have the same digest whichever way they come. Read as it arrives, and never more than a bundle may hold.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifySchemaCompiler } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Digest, ProjectId, ProjectVersion, Reason } from '../../../schemas/ids.ts';
import { packTar } from '../../../src/bundles/pack.ts';
import { folderTarBytesMax, tarTooLargeText } from '../../../src/bundles/tar-files.ts';
import { publishPacked } from '../../../src/client/publishing.ts';
import { Failure } from '../../../src/std/failure.ts';
import { Semaphore } from '../../../src/std/semaphore.ts';
import { unauthenticated } from '../access.ts';
import type { Api, App } from '../app.ts';
import { commandRefusals } from '../bodies.ts';
import { badRequest, Problem } from '../problem.ts';
import { Accepted, accepted, CommandHeaders, roleFor, sendOptions } from './commands.ts';

const tarType = 'application/x-tar';
/** Each holds a bundle in memory until it is stored, 64 MiB at most; further ones wait for their turn, and their senders with them. */
const publishingMax = 4;

export function addPublishing(app: App, api: Api): void {
  const few = new Semaphore(publishingMax);
  // Handed on as it comes: nothing is read before its turn.
  app.addContentTypeParser(tarType, (_request, payload, done) => done(null, payload));
  app.post(
    '/v1/projects/:project/versions/:version',
    {
      validatorCompiler: allButTheBody as never,
      config: { role: roleFor('project.publish') },
      schema: {
        tags: ['commands'],
        summary: 'Publishes a folder with project.yaml, as `tar -C FOLDER -c .` writes it, as a version.',
        params: z.strictObject({ project: ProjectId, version: ProjectVersion }),
        querystring: z.strictObject({ reason: Reason.optional() }),
        headers: CommandHeaders,
        consumes: [tarType],
        body: z.file(),
        response: {
          200: Accepted.extend({ digest: Digest, upload: z.enum(['stored', 'present']) }),
          ...commandRefusals,
        },
      },
    },
    async ({ params: { project, version }, query: { reason }, headers, body, caller, raw }, reply) => {
      if (caller === null) throw unauthenticated();
      requireTar(raw.headers);
      const asked = { id: headers['idempotency-key'], ifPosition: headers['if-match'], reason, issuedAt: undefined };
      const { digest, upload, outcome } = await few.run(async () => {
        const packed = await packTar(body as unknown as AsyncIterable<Uint8Array>).catch(told);
        if (packed.project.name !== project) {
          throw badRequest(`the folder's project.yaml names ${packed.project.name}, not ${project}`, 'project');
        }
        return api.senders.as(caller.principal, (muster) =>
          publishPacked(api, { sender: muster, packed, version, options: sendOptions(asked) }),
        );
      });
      const done = await accepted(api, outcome);
      reply.header('etag', `"${done.position}"`);
      return { ...done, digest, upload };
    },
  );
}

/** The body is a stream: its rules are those of packing. */
const allButTheBody: FastifySchemaCompiler<z.ZodType> = (route) =>
  route.httpPart === 'body' ? (value) => ({ value }) : validatorCompiler(route);

/** Any other type was read as what it is, and is no stream; what says that it is too much need not come. */
function requireTar({ 'content-type': type = '', 'content-length': announced = '0' }: IncomingHttpHeaders): void {
  if (type.split(';')[0]?.trim().toLowerCase() !== tarType) {
    throw new Problem({ status: 415, code: 'unsupported-media-type', detail: `the body must be ${tarType}` });
  }
  if (Number(announced) <= folderTarBytesMax) return;
  throw new Problem({ status: 413, code: 'too-large', detail: tarTooLargeText });
}

/** Whoever goes away in the midst of sending is no bug of ours. */
function told(error: unknown): never {
  if (error instanceof Failure) throw error;
  if (error instanceof Error && 'code' in error)
    throw badRequest(`the body ended before it was whole: ${error.message}`);
  throw error;
}
