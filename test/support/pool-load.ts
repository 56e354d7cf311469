/** Steady keep-alive requests through a balancer while servers come and go in the right order. */
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { AppliedPool, Balancer, DesiredPool, PoolServer } from '../../src/balancers/balancer.ts';
import { eventually } from './eventually.ts';
import { type HttpBackend, startHttpBackend } from './http-backend.ts';

export const loadGroup = 'production' as GroupId;
const clients = 16;
/** As the coordinator counts a drain as empty. */
const idleReadings = 3;

export interface LoadResult {
  readonly answered: number;
  readonly failures: readonly string[];
  /** Connections that carried an answer before, idle since, that were closed under the next request; asked again. */
  readonly idleResets: number;
}

/** Every second request is a POST, which nobody may repeat. */
export function startPoolLoad(listen: string): { stop(): Promise<LoadResult> } {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  let [answered, idleResets, going] = [0, 0, true];
  const loop = async (client: number) => {
    for (let at = client; going; at += 1) {
      const method = at % 2 === 0 ? 'GET' : 'POST';
      let outcome = await once(listen, agent, method);
      // What a browser does: a reused connection that is gone before any answer is no answer, so ask on another.
      while (outcome === 'idle-reset') {
        idleResets += 1;
        outcome = await once(listen, agent, method);
      }
      if (outcome === 'answered') answered += 1;
      else failures.push(outcome.error);
    }
  };
  const loops = Array.from({ length: clients }, (_, client) => loop(client));
  return {
    async stop() {
      going = false;
      await Promise.all(loops);
      agent.destroy();
      return { answered, failures, idleResets };
    },
  };
}

/** Node's own `reusedSocket` misses connections that were handed on to a request that had waited for one. */
const answeredOn = new WeakSet<Socket>();

type Outcome = 'answered' | 'idle-reset' | { readonly error: string };

function once(url: string, agent: Agent, method: string): Promise<Outcome> {
  return new Promise((resolve) => {
    let reused = false;
    const call = request(url, { agent, method }, (response) => {
      const { socket, statusCode } = response;
      response.resume();
      response.on('end', () => {
        answeredOn.add(socket);
        resolve(statusCode === 200 ? 'answered' : { error: `${method} ${statusCode}` });
      });
      response.on('error', (error) => resolve({ error: `${method} answer: ${error.message}` }));
    });
    call.on('socket', (socket) => {
      reused = answeredOn.has(socket);
    });
    call.on('error', (error) => {
      const reset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      resolve(reset && reused ? 'idle-reset' : { error: `${method} ${error.message}` });
    });
    call.end(method === 'POST' ? 'x' : undefined);
  });
}

/** Brings a server in; one is in once it takes traffic. */
export async function bringIn(balancer: Balancer, backends: Map<string, HttpBackend>, name: string): Promise<void> {
  const backend = await startHttpBackend(name);
  backends.set(name, backend);
  await balancer.apply(poolOf(backends));
  await eventually(() => backend.served() > 0, { what: `${name} to take traffic` });
}

/** Drain, wait for nothing in flight several times in a row, remove, and only then stop. */
export async function takeOut(balancer: Balancer, backends: Map<string, HttpBackend>, name: string): Promise<void> {
  await balancer.apply(poolOf(backends, [name]));
  let idle = 0;
  const isIdle = async () => {
    const observed = await balancer.readBack(loadGroup);
    const inFlight = observed?.servers.find(({ server }) => server === name)?.inFlight ?? 0;
    idle = inFlight + (backends.get(name)?.inFlight() ?? 0) === 0 ? idle + 1 : 0;
    return idle >= idleReadings;
  };
  await eventually(isIdle, { timeoutMs: 30_000, what: `${name} to be idle` });
  const leaver = backends.get(name);
  backends.delete(name);
  let applied: AppliedPool | undefined;
  const settles = async () => {
    applied = await balancer.apply(poolOf(backends));
    return applied.settled;
  };
  await eventually(settles, { what: `${name} to be out` });
  await leaver?.stop();
}

export function poolOf(backends: ReadonlyMap<string, HttpBackend>, draining: readonly string[] = []): DesiredPool {
  const servers = [...backends.values()].map(({ name, address }): PoolServer => {
    return { server: name as ServerId, address, weight: 100, admin: draining.includes(name) ? 'drain' : 'ready' };
  });
  return { group: loadGroup, servers };
}
