/** A port that another HAProxy holds: both could bind it, and each would get a part of the requests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Address, GroupId, LogId } from '../../schemas/ids.ts';
import type { DesiredPool } from '../../src/balancers/balancer.ts';
import { HaproxyBalancer } from '../../src/balancers/haproxy/haproxy-balancer.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { freePort } from '../support/free-port.ts';

const group = 'edge' as GroupId;
const other = 'core' as GroupId;
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function pool(of: GroupId): DesiredPool {
  return { group: of, log: 'log-of-test' as LogId, term: 1, position: 1, servers: [] } as DesiredPool;
}

async function startOn(listen: Readonly<Record<string, Address>>): Promise<HaproxyBalancer> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'muster-taken-'));
  const balancer = new HaproxyBalancer({ dataDirectory, clock, listen, host: '127.0.0.1', basePort: 0 });
  await balancer.start([]);
  ends.push(async () => {
    await balancer.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });
  return balancer;
}

it('is not shared: the second says which port it is, and takes it once it is free', async () => {
  const at: Address = { host: '127.0.0.1', port: await freePort() };
  const first = await startOn({ [group]: at });
  await first.apply(pool(group));
  const second = await startOn({ [group]: at });
  const taken = { code: 'unavailable', retryable: true, message: expect.stringContaining(`127.0.0.1:${at.port}`) };
  await expect(second.apply(pool(group))).rejects.toMatchObject(taken);
  await first.stop();
  expect(await second.apply(pool(group))).toMatchObject({ group });
});

it('is not shared either by a group that comes later, nor does it keep the others from their changes', async () => {
  const at: Address = { host: '127.0.0.1', port: await freePort() };
  const first = await startOn({ [group]: at });
  await first.apply(pool(group));
  const second = await startOn({ [group]: at, [other]: { host: '127.0.0.1', port: await freePort() } });
  await second.apply(pool(other));
  await expect(second.apply(pool(group))).rejects.toMatchObject({ code: 'unavailable' });
  expect(await second.apply(pool(other))).toMatchObject({ group: other });
});
