/** The gateway process's options, and the sample projects as a reader gets them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProjectVersion, ServerId } from '../../schemas/ids.ts';
import { GatewayOptions, runGateway } from '../../services/gateway/run.ts';
import { BuiltinDriver } from '../../src/agent/drivers/builtin/driver.ts';
import { packFolder } from '../../src/bundles/pack.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-gateway-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const base = () => ({
  name: 'edge-1' as ServerId,
  listen: '127.0.0.1:0',
  natsUrl: 'nats://127.0.0.1:9',
  dataDirectory: root,
});

describe('the gateway', () => {
  it('is there without any NATS: alive, not ready, and stops', async () => {
    const gateway = await runGateway(base(), silentLogger);
    const url = `http://127.0.0.1:${gateway.address.port}`;
    expect((await fetch(`${url}/-/live`)).status).toBe(200);
    expect((await fetch(`${url}/-/ready`)).status).toBe(503);
    await gateway.stop();
    await gateway.ended;
    await expect(fetch(`${url}/-/live`)).rejects.toThrow();
  });

  it('refuses an address that is taken', async () => {
    const first = await runGateway(base(), silentLogger);
    const taken = { ...base(), listen: `127.0.0.1:${first.address.port}`, dataDirectory: join(root, 'other') };
    await expect(runGateway(taken, silentLogger)).rejects.toMatchObject({ code: 'io' });
    await first.stop();
  });

  it('refuses a data directory whose file no agent wrote, and leaves that file as it is', async () => {
    const file = join(root, 'applied.json');
    writeFileSync(file, '{"format":2}');
    await expect(runGateway(base(), silentLogger)).rejects.toMatchObject({ code: 'config-invalid' });
    expect(readFileSync(file, 'utf8')).toBe('{"format":2}');
  });

  it.each([
    ['a listen without a port', { listen: '127.0.0.1' }, 'listen'],
    ['a wildcard without an address to advertise', { listen: '0.0.0.0:80' }, 'advertise'],
    ['the exec driver without a command', { driver: 'exec', listen: '127.0.0.1:80' }, 'command'],
    ['a command without the exec driver', { command: ['true'] }, 'command'],
    ['the exec driver on a port nobody chose', { driver: 'exec', command: ['true'] }, 'listen'],
    ['a name that is no subject token', { name: 'Edge 1' }, 'name'],
    ['an option that does not exist', { lisen: 'x' }, undefined],
  ])('refuses %s', (_what, changes, field) => {
    const parsed = GatewayOptions.safeParse({ ...base(), ...changes });
    expect(parsed.error?.issues[0]?.path[0]).toBe(field);
    expect(parsed.success).toBe(false);
  });
});

describe('the samples', () => {
  it('serve side by side, healthy, and name who answers', async () => {
    const listen = { host: '127.0.0.1', port: 0 };
    const server = 'apigateway' as ServerId;
    const driver = new BuiltinDriver({ server, listen, secret: 's3cret', clock: systemClock, logger: silentLogger });
    const { address } = await driver.start();
    const folders = ['hello', 'orders'].map((name) => join(import.meta.dirname, '../../services/cli/samples', name));
    const bundles = await Promise.all(folders.map(packFolder));
    const set = bundles.map(({ digest, project: file }) => {
      return { project: file.name, version: '1.0.0' as ProjectVersion, digest, folder: root, file, proven: false };
    });
    expect(await driver.apply(set, new AbortController().signal)).toEqual([]);
    for (const [method, path, project] of [
      ['GET', '/hello', 'hello'],
      ['GET', '/orders', 'orders'],
      ['POST', '/orders', 'orders'],
      ['GET', '/orders/7', 'orders'],
      ['GET', '/orders/health', 'orders'],
    ] as const) {
      const answer = await fetch(`http://127.0.0.1:${address.port}${path}`, { method });
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(await answer.json()).toMatchObject({ server, project, version: '1.0.0' });
    }
    await driver.stop();
  });
});
