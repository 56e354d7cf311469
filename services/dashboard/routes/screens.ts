/** The built screens: files with their hash in the name, and one page for every address that is the screens' own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fastifyStatic } from '@fastify/static';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import { nothingAt, send } from '../errors.ts';
import { notFound } from '../problem.ts';

/** Named for what is in them, so they never change. */
const assetsFolder = '/assets/';

export async function addScreens(app: App, folder: string | undefined): Promise<void> {
  const built = folder !== undefined && existsSync(join(folder, 'index.html'));
  if (built) {
    await app.register(fastifyStatic, {
      root: folder,
      wildcard: true,
      cacheControl: false,
      setHeaders(reply, path) {
        const kept = path.includes(assetsFolder) ? 'public, max-age=31536000, immutable' : 'no-cache';
        reply.setHeader('cache-control', kept);
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    if (!isScreen(request)) return send(reply, nothingAt(request));
    if (built) return reply.header('cache-control', 'no-cache').sendFile('index.html');
    return send(reply, notFound('no-screens', 'the screens are not built here', 'npm run build'));
  });
}

/** An address that somebody typed, or a page that was loaded again. */
function isScreen({ method, url, headers: { accept = '' } }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return !/^\/(v1|assets)(\/|$)/.test(url) && accept.includes('text/html');
}
