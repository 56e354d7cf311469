/** A coordinator of a fresh fleet, with servers and balancers that live by themselves, and what there is to ask of them. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { FleetId, GroupId } from '../../schemas/ids.ts';
import type { GroupPolicyChange } from '../../schemas/policy.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { newFleet, startCoordinator, type TestCoordinator } from './coordinators.ts';
import { eventually } from './eventually.ts';
import { atOnceForGood } from './rollout-policies.ts';
import { type ScriptedFleet, scriptedFleet } from './scripted-fleet.ts';
import {
  followFeed,
  type ScriptedBalancer,
  type ScriptedServer,
  startBalancer,
  startServer,
  type Told,
} from './scripted-servers.ts';

/** The shortest there is. */
export const leaseMs = 1_000;
export const production = 'production' as GroupId;

const digest = 'a'.repeat(64);
/** Nobody connects to it: each server only needs one of its own. */
const firstPort = 9_001;

export interface ScriptedStage {
  readonly fleet: FleetId;
  readonly play: ScriptedFleet;
  readonly told: Told;
  /** Those started, in order. */
  readonly servers: readonly ScriptedServer[];
  /** Stops the coordinator; `meanwhile` runs; another one leads. */
  replaceCoordinator(meanwhile: () => void): Promise<void>;
  start(name: string): Promise<ScriptedServer>;
  /** Default: of `production` alone. */
  balance(name: string, ...groups: GroupId[]): Promise<ScriptedBalancer>;
  /** A command that must be accepted. */
  must(type: string, body: object, principal?: string): Promise<void>;
  deploy(version: string): Promise<void>;
  configure(policy: GroupPolicyChange): Promise<void>;
  join(server: string): Promise<void>;
  /** Servers of these names, in the pool of `production`. */
  pool<const N extends readonly string[]>(...names: N): Promise<{ readonly [I in keyof N]: ScriptedServer }>;
  size(): Promise<number | undefined>;
  admin(server: string): Promise<string | undefined>;
  view(server: string): Promise<Record<string, unknown>>;
  becomes(server: string, status: string): Promise<void>;
  stop(): Promise<void>;
}

export async function openStage({ url, bus }: { readonly url: string; readonly bus: Bus }): Promise<ScriptedStage> {
  const fleet = newFleet();
  const play = scriptedFleet(bus, fleet);
  const lead = async (): Promise<TestCoordinator> => {
    const started = await startCoordinator({ url, fleet });
    await eventually(() => started.coordinator.role === 'leader', { what: 'a leader' });
    return started;
  };
  let coordinator = await lead();
  const told = followFeed(bus, fleet);
  const living: { stop(): Promise<void> }[] = [told];
  const servers: ScriptedServer[] = [];
  let port = firstPort;
  const stage: ScriptedStage = {
    fleet,
    play,
    told,
    servers,
    async replaceCoordinator(meanwhile) {
      await coordinator.stop();
      meanwhile();
      coordinator = await lead();
    },
    async start(name) {
      const server = await startServer({ bus, fleet, play }, name, port++);
      living.push(server);
      servers.push(server);
      return server;
    },
    async balance(name, ...groups) {
      const balancer = await startBalancer({ bus, fleet, play }, name, groups.length === 0 ? [production] : groups);
      living.push(balancer);
      return balancer;
    },
    async must(type, body, principal) {
      // As the SDK does: under one id, again while nobody can tell what became of it.
      const command = { id: randomUUID(), ...body };
      const outcome = await eventually(
        async () => {
          const answer = await play.ask(type, command, principal);
          return answer.status !== 'unknown' && answer;
        },
        { what: `the outcome of ${type}` },
      );
      expect(outcome, type).toMatchObject({ status: 'accepted' });
    },
    deploy: (version) => stage.must('deployment.request', { group: 'Production', project: 'hello', version }),
    configure: (policy) => stage.must('group.configure', { group: 'Production', policy }),
    join: (server) => stage.must('server.join', { server, group: 'Production' }),
    async pool<const N extends readonly string[]>(...names: N) {
      const servers = await Promise.all(names.map((name) => stage.start(name)));
      for (const name of names) await stage.join(name);
      await eventually(async () => (await stage.size()) === names.length, { what: 'all in the pool' });
      return servers as unknown as { readonly [I in keyof N]: ScriptedServer };
    },
    size: async () => (await play.revision(production))?.size,
    admin: async (server) => (await play.entry(production, server))?.admin,
    async view(server) {
      const data = Buffer.from(JSON.stringify({ server }));
      const answer = await bus.request({ subject: `muster.${fleet}.query.server`, data, timeoutMs: 5_000 });
      return JSON.parse(Buffer.from(answer.data).toString()).data ?? {};
    },
    async becomes(server, status) {
      const is = async () => (await stage.view(server))['status'] === status;
      await eventually(is, { what: `${server} to be ${status}` });
    },
    async stop() {
      for (const each of living) await each.stop();
      await coordinator.stop();
    },
  };
  for (const version of ['1.0.0', '2.0.0']) {
    await play.ask('project.publish', { project: 'hello', version, digest, bytes: 10 });
  }
  await stage.configure({ leaseMs, drainTimeoutMs: 2_000, rollout: atOnceForGood });
  return stage;
}
