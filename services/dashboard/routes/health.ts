/** What supervisors and Prometheus ask of this process. */
import { z } from 'zod';
import { Position } from '../../../schemas/ids.ts';
import type { Api, App } from '../app.ts';
import { refusals } from '../bodies.ts';
import { Problem } from '../problem.ts';

const Live = z.object({ status: z.literal('live') });
const Ready = z.object({ status: z.literal('ready'), position: Position });
const Version = z.object({ name: z.literal('muster'), version: z.string(), node: z.string() });

export function addHealth(app: App, { follower, metrics, version }: Api): void {
  const tags = ['process'];
  app.get(
    '/livez',
    { schema: { tags, summary: 'Whether this process works at all.', response: { 200: Live } } },
    async () => ({ status: 'live' as const }),
  );
  app.get(
    '/readyz',
    {
      schema: { tags, summary: 'Whether it is at the head of the log.', response: { 200: Ready, 503: refusals[503] } },
    },
    async (_request, reply) => {
      const { status } = follower;
      if (status.status === 'following') return reply.send({ status: 'ready', position: follower.state.position });
      const detail = status.reason ?? 'the log is being read';
      throw new Problem({ status: 503, code: status.status === 'broken' ? 'log-broken' : 'unavailable', detail });
    },
  );
  app.get('/version', { schema: { tags, summary: 'What runs here.', response: { 200: Version } } }, async () => ({
    name: 'muster' as const,
    version,
    node: process.version,
  }));
  app.get(
    '/metrics',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Figures for Prometheus.',
        response: {
          200: { description: 'The text format.', content: { 'text/plain': { schema: z.string() } } },
          ...refusals,
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
