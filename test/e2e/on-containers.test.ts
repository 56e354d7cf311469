/** The integration suite with NATS from a container instead of a child process: the same tests, by testcontainers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../support/docker-engine.ts';

/** What speaks to NATS most and kills nothing: a container here is not killed and started again on its port. */
const selection = ['nats-objects', 'coordinator-commands'].map((name) => `test/integration/${name}.test.ts`);

const engine = await dockerEngine();

describe('with NATS in a container', () => {
  if (engine.status === 'missing') {
    it('needs a Docker Engine', (context) => context.skip(engine.why));
    return;
  }
  afterAll(() => engine.stop());

  it('a selection of the integration suite passes', async () => {
    const { host, image } = engine;
    const env = { ...process.env, DOCKER_HOST: host, MUSTER_TEST_NATS: JSON.stringify({ image }) };
    const args = ['vitest', 'run', '--project', 'integration', ...selection];
    const run = spawn('npx', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    run.stdout.on('data', (chunk) => (out += chunk));
    run.stderr.on('data', (chunk) => (out += chunk));
    const [code] = (await once(run, 'close')) as [number];
    expect(code, out).toBe(0);
  });
});
