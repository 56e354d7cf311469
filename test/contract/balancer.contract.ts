/** What every balancer does with pools, against real HTTP backends. A sibling's test file hands in how it is made. */
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { Balancer, DesiredPool, PoolServer } from '../../src/balancers/balancer.ts';
import { Failure } from '../../src/std/failure.ts';
import { eventually } from '../support/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';

export interface BalancerRig {
  /** A balancer on the same data directory each time within one test. */
  create(): Balancer;
  /** Ends the balancer's own process without a goodbye. */
  kill(): Promise<void>;
  cleanUp(): Promise<void>;
}

/** Where siblings differ by nature. Each is stated, and the suite then asks for what holds instead. */
export interface BalancerCapabilities {
  /** Starts its program, watches it and ends it. False: the program is somebody else's, and is left alone. */
  readonly runsProgram: boolean;
  /** Knows of requests on a server that takes no new ones. False: says nothing of them, and what the servers count decides. */
  readonly countsInFlight: boolean;
  /** Finds host names itself, once. False: hands them on, and the program finds them. */
  readonly resolvesHosts: boolean;
}

const everything: BalancerCapabilities = { runsProgram: true, countsInFlight: true, resolvesHosts: true };

const group = 'production' as GroupId;

export function balancerContract(
  name: string,
  createRig: () => Promise<BalancerRig>,
  { runsProgram, countsInFlight, resolvesHosts }: BalancerCapabilities = everything,
): void {
  describe(`balancer: ${name}`, () => {
    let rig: BalancerRig;
    let balancer: Balancer;
    let s1: HttpBackend;
    let s2: HttpBackend;

    beforeEach(async () => {
      rig = await createRig();
      [s1, s2] = [await startHttpBackend('s1'), await startHttpBackend('s2')];
      balancer = rig.create();
    });

    afterEach(async () => {
      await balancer.stop();
      await s1.stop();
      await s2.stop();
      await rig.cleanUp();
    });

    it('starts nothing without a pool', async () => {
      await balancer.start([]);
      expect(await balancer.readBack(group)).toBeUndefined();
    });

    it('gives a newly added server traffic at once', async () => {
      await balancer.start([]);
      await balancer.apply(pool(ready(s1)));
      const { listen, servers } = await balancer.apply(pool(ready(s1), ready(s2)));
      expect(servers.map(({ server, admin }) => [server, admin])).toEqual([
        ['s1', 'ready'],
        ['s2', 'ready'],
      ]);
      const answers = await Promise.all(Array.from({ length: 8 }, () => get(listen)));
      expect(new Set(answers)).toEqual(new Set(['s1', 's2']));
    });

    it('gives a draining server nothing new, lets it finish, and counts what is in flight on it', async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool(ready(s1)));
      const held = get(`${listen}/hold`);
      await eventually(() => s1.inFlight() === 1);
      const drained = await balancer.apply(pool(draining(s1), ready(s2)));
      expect(drained.servers.find(({ server }) => server === 's1')).toMatchObject({
        admin: 'drain',
        inFlight: countsInFlight ? 1 : undefined,
      });
      for (let at = 0; at < 5; at += 1) expect(await get(listen)).toBe('s2');
      s1.release();
      expect(await held).toBe('s1');
      await eventually(async () => {
        const observed = await balancer.readBack(group);
        return observed?.servers.find(({ server }) => server === 's1')?.inFlight === (countsInFlight ? 0 : undefined);
      });
    });

    it('takes a server back that was draining', async () => {
      await balancer.start([pool(draining(s1), ready(s2))]);
      const { listen } = await balancer.apply(pool(ready(s1)));
      expect(await get(listen)).toBe('s1');
    });

    it('removes a server that is in the pool no more, also one with idle connections', async () => {
      await balancer.start([pool(ready(s1), ready(s2))]);
      const { listen } = await balancer.apply(pool(ready(s1), ready(s2)));
      for (let at = 0; at < 4; at += 1) await get(listen);
      const applied = await balancer.apply(pool(ready(s2)));
      expect(applied.settled).toBe(true);
      expect(applied.servers.map(({ server }) => server)).toEqual(['s2']);
    });

    it('takes a group out with its frontend, whatever the others do, and takes it in again', async () => {
      const edge = { ...pool(ready(s2)), group: 'edge' as GroupId };
      await balancer.start([pool(ready(s1)), edge]);
      const [{ listen }, other] = [await balancer.apply(pool(ready(s1))), await balancer.apply(edge)];
      await balancer.apply(pool());
      await balancer.remove(group);
      expect(await balancer.readBack(group)).toBeUndefined();
      if (runsProgram) await eventually(() => isRefused(listen), { what: 'nobody to listen any more' });
      expect(await get(other.listen)).toBe('s2');
      // Not there any more: no news.
      await balancer.remove(group);
      const again = await balancer.apply(pool(ready(s1)));
      expect(await get(again.listen)).toBe('s1');
      expect(await get(other.listen)).toBe('s2');
    });

    it('takes its only group out', async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool());
      await balancer.remove(group);
      expect(await balancer.readBack(group)).toBeUndefined();
      if (runsProgram) await eventually(() => isRefused(listen), { what: 'nobody to listen any more' });
    });

    it(`lets a request finish on a server that was removed under it${countsInFlight ? ', and is unsettled until then' : ''}`, async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool(ready(s1)));
      const held = get(`${listen}/hold`);
      await eventually(() => s1.inFlight() === 1);
      expect((await balancer.apply(pool(ready(s2)))).settled).toBe(!countsInFlight);
      expect(await get(listen)).toBe('s2');
      s1.release();
      expect(await held).toBe('s1');
      await eventually(async () => (await balancer.apply(pool(ready(s2)))).settled);
    });

    it('shares traffic by weight, and by another one once it changed', async () => {
      const weighted = (one: number, two: number) => pool({ ...ready(s1), weight: one }, { ...ready(s2), weight: two });
      await balancer.start([weighted(10, 30)]);
      const { listen, servers } = await balancer.apply(weighted(30, 10));
      expect(servers.map(({ weight }) => weight)).toEqual([30, 10]);
      const answers = await Promise.all(Array.from({ length: 40 }, () => get(listen)));
      expect(answers.filter((answer) => answer === 's1').length).toBeGreaterThan(25);
    });

    it('follows a server to its new address', async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool({ ...ready(s1), address: s2.address }));
      expect(await get(listen)).toBe('s2');
    });

    it('takes a server by its host name', async () => {
      await balancer.start([]);
      const address = { host: 'localhost', port: s1.address.port };
      const { listen } = await balancer.apply(pool({ ...ready(s1), address }));
      expect(await get(listen)).toBe('s1');
    });

    it('takes an IPv6 address however it is written', async () => {
      await balancer.start([]);
      const { port } = s1.address;
      const at = (host: string) => pool(ready(s2), { ...ready(s1), address: { host, port } });
      for (const host of ['2001:DB8:0:0::0001', '::FFFF:7f00:1', '0:0:0:0:0:0:0:1']) {
        const { servers } = await balancer.apply(at(host));
        expect(new Set(servers.map(({ server, admin }) => `${server} ${admin}`))).toEqual(
          new Set(['s1 ready', 's2 ready']),
        );
      }
    });

    const whenUnresolved = async () => {
      await balancer.start([pool(ready(s1))]);
      const address = { host: 'no-such-host.invalid', port: 1 };
      await expect(balancer.apply(pool({ ...ready(s2), address }))).rejects.toMatchObject({ code: 'unavailable' });
      const { listen } = await balancer.apply(pool(ready(s1)));
      expect(await get(listen)).toBe('s1');
    };
    if (resolvesHosts) it('says so when a host does not resolve, and goes on with the pool it has', whenUnresolved);
    else {
      it('hands a host name on as it is', async () => {
        await balancer.start([]);
        const { servers } = await balancer.apply(pool({ ...ready(s1), address: { host: 'a.invalid', port: 1 } }));
        expect(servers[0]?.address.host).toBe('a.invalid');
      });
    }

    it('refuses a pool that cannot be, with its text, and keeps the good one, also for its next start', async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool(ready(s1)));
      const bad = pool({ ...ready(s2), address: { host: '127.0.0.1', port: 99_999 } });
      await expect(balancer.apply(bad)).rejects.toMatchObject({ code: 'config-invalid', message: /./ });
      expect(await get(listen)).toBe('s1');
      if (runsProgram) {
        await rig.kill();
        await eventually(async () => (await get(listen)) === 's1', { what: 'the good pool after a restart' });
      }
      await balancer.apply(pool(ready(s2)));
      expect(await get(listen)).toBe('s2');
    });

    it('keeps what is there when a new group comes', async () => {
      await balancer.start([pool(ready(s1))]);
      const first = await balancer.apply(pool(ready(s1), ready(s2)));
      const edge = { group: 'edge' as GroupId, servers: [ready(s2)] };
      const second = await balancer.apply(edge);
      expect(second.listen).not.toBe(first.listen);
      expect(await get(second.listen)).toBe('s2');
      const kept = await balancer.readBack(group);
      expect(kept?.servers.map(({ server, admin }) => [server, admin])).toEqual([
        ['s1', 'ready'],
        ['s2', 'ready'],
      ]);
    });

    const whenKilled = async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool(ready(s1), draining(s2)));
      let restarts = 0;
      balancer.onRestart(() => {
        restarts += 1;
      });
      await rig.kill();
      await eventually(() => restarts > 0, { what: 'the restart to be told' });
      expect(await get(listen)).toBe('s1');
      const observed = await balancer.readBack(group);
      expect(observed?.listen).toBe(listen);
      expect(observed?.servers.map(({ server, admin }) => [server, admin])).toEqual([
        ['s1', 'ready'],
        ['s2', 'drain'],
      ]);
    };
    if (runsProgram) it('comes back by itself with every pool when its process is killed, and says so', whenKilled);

    const whenOneCannotBegin = async () => {
      const edge = { ...pool(ready(s2)), group: 'edge' as GroupId };
      const address = { host: 'no-such-host.invalid', port: 1 };
      const far = { ...pool({ ...ready(s2), address }), group: 'far' as GroupId };
      await balancer.start([pool(ready(s1))]);
      const { listen: taken } = await balancer.apply(edge);
      const { listen } = await balancer.apply(pool(ready(s1)));
      await balancer.stop();
      const stranger = createServer();
      await new Promise<void>((resolve) => stranger.listen(Number(new URL(taken).port), '127.0.0.1', resolve));
      balancer = rig.create();
      await balancer.start([far, edge, pool(ready(s1))]);
      expect(await get(listen)).toBe('s1');
      for (const other of [far, edge]) await expect(balancer.apply(other)).rejects.toBeInstanceOf(Failure);
      await new Promise((resolve) => stranger.close(resolve));
      await balancer.apply(edge);
      expect([await get(taken), await get(listen)]).toEqual(['s2', 's1']);
    };
    if (runsProgram)
      it('begins without the groups that cannot be, and takes them in once they can', whenOneCannotBegin);

    it('adopts the process an earlier one left running, on the same port', async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool(ready(s1)));
      await balancer.stop({ leaveRunning: true });
      expect(await get(listen)).toBe('s1');
      balancer = rig.create();
      await balancer.start([pool(ready(s2))]);
      expect((await balancer.readBack(group))?.listen).toBe(listen);
      expect(await get(listen)).toBe('s2');
    });

    it(runsProgram ? 'leaves nothing running once stopped' : 'leaves the program alone once stopped', async () => {
      await balancer.start([pool(ready(s1))]);
      const { listen } = await balancer.apply(pool(ready(s1)));
      await balancer.stop();
      if (runsProgram) await expect(get(listen)).rejects.toThrow();
      else expect(await get(listen)).toBe('s1');
    });
  });
}

function pool(...servers: PoolServer[]): DesiredPool {
  return { group, servers };
}

function ready({ name, address }: HttpBackend): PoolServer {
  return { server: name as ServerId, address, weight: 100, admin: 'ready' };
}

function draining(backend: HttpBackend): PoolServer {
  return { ...ready(backend), admin: 'drain' };
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return text;
}

/** Nobody listens: any answer would do, an error too. */
async function isRefused(url: string): Promise<boolean> {
  const answered = fetch(url, { headers: { connection: 'close' } }).then((response) => response.arrayBuffer());
  return answered.then(
    () => false,
    () => true,
  );
}
