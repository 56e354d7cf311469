/** Steady keep-alive requests through a real HAProxy while servers come and go in the right order. */
import { Agent, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { AppliedPool, PoolServer } from '../../src/balancers/balancer.ts';
import type { HaproxyBalancer } from '../../src/balancers/haproxy/haproxy-balancer.ts';
import { eventually } from '../support/eventually.ts';
import { createHaproxyRig, type HaproxyRig } from '../support/haproxy-rig.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';

const group = 'production' as GroupId;
const clients = 16;
/** Rounds of one server leaving and coming back as another process. */
const rounds = 6;
/** As the coordinator counts a drain as empty. */
const idleReadings = 3;

describe('HAProxy under load', () => {
  let rig: HaproxyRig;
  let balancer: HaproxyBalancer;

  beforeEach(async () => {
    rig = await createHaproxyRig();
    balancer = rig.create();
    await balancer.start([]);
  });
  afterEach(async () => {
    await balancer.stop();
    await rig.cleanUp();
  });

  it('loses no request while servers are added, drained and replaced, and while a group is added', async () => {
    const backends = new Map<string, HttpBackend>();
    for (const name of ['s1', 's2']) backends.set(name, await startHttpBackend(name));
    const { listen } = await balancer.apply(poolOf(backends, []));
    const load = startLoad(listen);
    try {
      backends.set('s3', await startHttpBackend('s3'));
      await balancer.apply(poolOf(backends, []));
      await eventually(() => (backends.get('s3')?.served() ?? 0) > 0, { what: 's3 to take traffic' });
      for (let round = 0; round < rounds; round += 1) {
        const name = `s${(round % 3) + 1}`;
        await takeOut(balancer, backends, name);
        if (round === 2) await balancer.apply({ group: 'edge' as GroupId, servers: [] });
        const back = await startHttpBackend(name);
        backends.set(name, back);
        await balancer.apply(poolOf(backends, []));
        await eventually(() => back.served() > 0, { what: `${name} to take traffic again` });
      }
    } finally {
      const { answered, failures } = await load.stop();
      for (const backend of backends.values()) await backend.stop();
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(1_000);
    }
  });
});

/** Drain, wait for nothing in flight several times in a row, remove, and only then stop. */
async function takeOut(balancer: HaproxyBalancer, backends: Map<string, HttpBackend>, name: string): Promise<void> {
  await balancer.apply(poolOf(backends, [name]));
  let idle = 0;
  await eventually(
    async () => {
      const observed = await balancer.readBack(group);
      const inFlight = observed?.servers.find(({ server }) => server === name)?.inFlight ?? 0;
      idle = inFlight + (backends.get(name)?.inFlight() ?? 0) === 0 ? idle + 1 : 0;
      return idle >= idleReadings;
    },
    { timeoutMs: 30_000, what: `${name} to be idle` },
  );
  const leaver = backends.get(name);
  backends.delete(name);
  let applied: AppliedPool;
  await eventually(async () => {
    applied = await balancer.apply(poolOf(backends, []));
    return applied.settled;
  });
  await leaver?.stop();
}

function poolOf(backends: Map<string, HttpBackend>, draining: string[]) {
  const servers = [...backends.values()].map(({ name, address }): PoolServer => {
    return { server: name as ServerId, address, weight: 100, admin: draining.includes(name) ? 'drain' : 'ready' };
  });
  return { group, servers };
}

/** Every second request is a POST, which nobody may repeat. */
function startLoad(listen: string): { stop(): Promise<{ answered: number; failures: string[] }> } {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  let answered = 0;
  let going = true;
  const loop = async (client: number) => {
    for (let at = client; going; at += 1) {
      try {
        await once(listen, agent, at % 2 === 0 ? 'GET' : 'POST');
        answered += 1;
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const loops = Array.from({ length: clients }, (_, client) => loop(client));
  return {
    async stop() {
      going = false;
      await Promise.all(loops);
      agent.destroy();
      return { answered, failures };
    },
  };
}

function once(url: string, agent: Agent, method: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, method }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${method} ${response.statusCode}`));
      });
      response.on('error', reject);
    });
    call.on('error', (error) => reject(new Error(`${method} ${error.message}`)));
    call.end(method === 'POST' ? 'x' : undefined);
  });
}
