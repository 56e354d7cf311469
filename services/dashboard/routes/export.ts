/** The whole log as one file that proves itself: written aside whole, then sent, so that a broken one is never half sent. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { exportCloudEvents } from '../../../src/audit/cloud-events.ts';
import { exportLog } from '../../../src/audit/export.ts';
import { underDeadline } from '../../../src/std/deadline.ts';
import { Semaphore } from '../../../src/std/semaphore.ts';
import type { Api, App } from '../app.ts';
import { refusals } from '../bodies.ts';
import { untilGone } from '../until-gone.ts';

/** A million events take half a minute. */
const exportTimeoutMs = 10 * 60_000;

export function addExport(app: App, { asOf, fleet, clock, dataDirectory }: Api): void {
  const one = new Semaphore(1);
  app.get(
    '/v1/export',
    {
      config: { role: 'admin' },
      schema: {
        tags: ['history'],
        summary:
          'The whole log as a file (NDJSON, gzip), for: muster audit verify; or as CloudEvents, which prove nothing.',
        querystring: z.strictObject({ format: z.enum(['muster', 'cloudevents']).optional() }),
        response: {
          200: { description: 'The file.', content: { 'application/gzip': { schema: z.string() } } },
          ...refusals,
        },
      },
    },
    ({ method, query: { format = 'muster' } }, reply) =>
      one.run(async () => {
        const { position } = asOf.now();
        const name = `${fleet}-${position}${format === 'muster' ? '' : `.${format}`}.ndjson.gz`;
        const send = (file: unknown) =>
          reply
            .type('application/gzip')
            .header('content-disposition', `attachment; filename="${name}"`)
            .send(file as string);
        if (method === 'HEAD') return send('');
        const gone = untilGone(reply);
        const folder = await mkdtemp(join(dataDirectory, 'export-'));
        const path = join(folder, 'log.ndjson.gz');
        const remove = () => rm(folder, { recursive: true, force: true });
        // In the midst of it the export fails, and removes what it has written meanwhile.
        gone.addEventListener('abort', () => void remove().catch(() => undefined), { once: true });
        try {
          const until = { clock, timeoutMs: exportTimeoutMs, what: 'the export', signal: gone };
          await underDeadline(until, async (deadline) => {
            const { source, signal } = asOf.source(deadline);
            if (format === 'muster') await exportLog(source, { path, fleet, clock, signal });
            else await exportCloudEvents(source, { path, fleet, signal });
          });
        } catch (error) {
          await remove();
          throw error;
        }
        return send(createReadStream(path));
      }),
  );
}
