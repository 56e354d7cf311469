/** What is nginx's own: no request lost under load but resets of idle connections, paced reloads, its master killed. */
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Address, GroupId } from '../../schemas/ids.ts';
import type { DesiredPool, ObservedPool, PoolServer } from '../../src/balancers/balancer.ts';
import type { NginxBalancer } from '../../src/balancers/nginx/nginx-balancer.ts';
import { systemClock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';
import { createNginxRig, type NginxRig } from '../support/nginx-rig.ts';
import { bringIn, loadGroup, poolOf, startPoolLoad, takeOut } from '../support/pool-load.ts';

/** Rounds of one server leaving and coming back as another process. */
const rounds = 4;
/** Of idle connections there are at most as many as clients at each reload. */
const resetsPerReloadMax = 16;

describe('nginx', () => {
  let rig: NginxRig;
  let balancer: NginxBalancer;
  let backends: Map<string, HttpBackend>;

  beforeEach(async () => {
    rig = await createNginxRig();
    balancer = rig.create();
    backends = new Map();
    for (const name of ['s1', 's2']) backends.set(name, await startHttpBackend(name));
  });
  afterEach(async () => {
    await balancer.stop();
    await rig.cleanUp();
    for (const backend of backends.values()) await backend.stop();
  });

  const withServer = (name: string, fields: Partial<PoolServer>): DesiredPool => {
    const pool = poolOf(backends);
    return { ...pool, servers: pool.servers.map((one) => (one.server === name ? { ...one, ...fields } : one)) };
  };
  const adminOf = ({ servers }: ObservedPool, name: string) => servers.find(({ server }) => server === name)?.admin;
  const restsS2 = () => / down [^;]*; # s2/.test(readFileSync(`${rig.dataDirectory}/nginx.conf`, 'utf8'));

  it('loses no request while servers come, drain and go, but for idle connections its reloads reset', async () => {
    await balancer.start([]);
    const { listen } = await balancer.apply(poolOf(backends));
    const load = startPoolLoad(listen);
    try {
      await bringIn(balancer, backends, 's3');
      for (let round = 0; round < rounds; round += 1) {
        const name = `s${(round % 3) + 1}`;
        await takeOut(balancer, backends, name);
        await bringIn(balancer, backends, name);
      }
    } finally {
      const { answered, failures, idleResets } = await load.stop();
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(1_000);
      expect(idleResets).toBeLessThanOrEqual(reloadsOf(rig) * resetsPerReloadMax);
      console.info(`${answered} answered, ${idleResets} idle connections reset by ${reloadsOf(rig)} reloads`);
    }
  });

  it('gathers a burst of changes into one reload, at least 2 s after the last one', async () => {
    await balancer.start([]);
    await balancer.apply(poolOf(backends));
    const group = (at: number) => `group-${at}` as GroupId;
    await balancer.apply({ ...poolOf(backends), group: group(0) });
    const [before, startedAt] = [reloadsOf(rig), systemClock.monotonic()];
    await Promise.all(
      Array.from({ length: 10 }, (_, at) => balancer.apply({ ...poolOf(backends), group: group(at + 1) })),
    );
    expect(reloadsOf(rig) - before).toBe(1);
    expect(systemClock.monotonic() - startedAt).toBeGreaterThan(1_000);
  });

  it('does not reload for a pool it holds, also after the one who keeps it restarted', async () => {
    await balancer.start([poolOf(backends)]);
    const { listen } = await balancer.apply(poolOf(backends));
    await balancer.apply(poolOf(backends));
    await balancer.stop({ leaveRunning: true });
    balancer = rig.create();
    await balancer.start([poolOf(backends)]);
    expect((await balancer.apply(poolOf(backends))).listen).toBe(listen);
    expect(reloadsOf(rig)).toBe(0);
  });

  it('counts a request of before our own restart on a server that drains since', async () => {
    await balancer.start([poolOf(backends)]);
    const { listen } = await balancer.apply(poolOf(backends));
    const held = fetch(`${listen}/hold`);
    await eventually(() => [...backends.values()].some(({ inFlight }) => inFlight() === 1));
    const on = [...backends.values()].find(({ inFlight }) => inFlight() === 1);
    await balancer.apply(poolOf(backends, [on?.name ?? '']));
    await balancer.stop({ leaveRunning: true });
    balancer = rig.create();
    await balancer.start([poolOf(backends, [on?.name ?? ''])]);
    const reading = async () => {
      const observed = await balancer.readBack(loadGroup);
      return observed?.servers.find(({ server }) => server === on?.name)?.inFlight;
    };
    expect(await reading()).toBe(1);
    on?.release();
    expect((await held).status).toBe(200);
    await eventually(async () => (await reading()) === 0);
  });

  it('says of a server that drains that it does, though its file was the same before: it was not well, or of no weight', async () => {
    await balancer.start([]);
    const weightless = withServer('s2', { weight: 0 });
    await balancer.apply(weightless);
    expect(adminOf(await balancer.apply(withServer('s2', { weight: 0, admin: 'drain' })), 's2')).toBe('drain');
    await balancer.apply(poolOf(backends));
    await backends.get('s2')?.stop();
    await eventually(() => restsS2(), { what: 's2 to be rested' });
    expect(adminOf(await balancer.apply(withServer('s2', { admin: 'drain' })), 's2')).toBe('drain');
  });

  it('rests a server that is not well once the disk takes the file again', async () => {
    const sick = await startSickBackend();
    const pool = withServer('s2', { address: sick.address });
    await balancer.start([pool]);
    // As a full disk: nothing can be written where the next file is.
    mkdirSync(`${rig.dataDirectory}/nginx.conf.new`);
    await expect(balancer.apply(withServer('s2', { admin: 'drain' }))).rejects.toMatchObject({ code: 'io' });
    await eventually(() => sick.asked() >= 5, { what: 's2 to have failed often enough' });
    rmdirSync(`${rig.dataDirectory}/nginx.conf.new`);
    await eventually(() => restsS2(), { what: 's2 to be rested' });
    await sick.stop();
  });

  it('comes back when its master alone is killed and its workers serve on', async () => {
    await balancer.start([poolOf(backends)]);
    const { listen } = await balancer.apply(poolOf(backends));
    const { master } = await rig.process.workers();
    process.kill(master, 'SIGKILL');
    await eventually(async () => ![0, master].includes((await rig.process.workers()).master), { what: 'a new master' });
    await eventually(async () => (await fetch(listen)).ok);
    backends.set('s3', await startHttpBackend('s3'));
    expect((await balancer.apply(poolOf(backends))).servers).toHaveLength(3);
  });

  it('goes on with the good pools when a reload fails that the check let pass', async () => {
    await balancer.start([poolOf(backends)]);
    const { listen } = await balancer.apply(poolOf(backends));
    const before = readFileSync(`${rig.dataDirectory}/nginx.conf`, 'utf8');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const at = other.address();
    const port = at !== null && typeof at === 'object' ? at.port : 0;
    await balancer.stop({ leaveRunning: true });
    balancer = rig.create({ listen: { edge: { host: '127.0.0.1', port } } });
    await balancer.start([poolOf(backends)]);
    const refused = balancer.apply({ group: 'edge' as GroupId, servers: [] });
    await expect(refused).rejects.toMatchObject({ code: 'unavailable', message: /Address already in use/ });
    other.close();
    expect((await fetch(listen)).ok).toBe(true);
    expect(readFileSync(`${rig.dataDirectory}/nginx.conf`, 'utf8')).toBe(before);
    expect((await balancer.readBack(loadGroup))?.servers).toHaveLength(2);
  });
});

/** A server that says it is not ready, and counts how often it is asked. */
async function startSickBackend(): Promise<{ address: Address; asked(): number; stop(): Promise<unknown> }> {
  let asked = 0;
  const server = createHttpServer((_request, response) => {
    asked += 1;
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { address: { host: '127.0.0.1', port }, asked: () => asked, stop };
}

/** As nginx's own log tells them. */
function reloadsOf({ dataDirectory }: NginxRig): number {
  return readFileSync(`${dataDirectory}/nginx.log`, 'utf8').split(', reconfiguring').length - 1;
}
