/** A fleet of so many servers on one machine: NATS, a coordinator, and the agents in a few processes. */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Digest, FleetId, GroupId, GroupName, ProjectId, ProjectVersion, type ServerId } from '../../schemas/ids.ts';
import { PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import { connectMuster, type Muster } from '../../src/client/index.ts';
import type { CommandPayload, CommandType } from '../../schemas/commands.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { decodeMessage } from '../../src/wire/message.ts';
import { eventually } from '../support/eventually.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { atOnceForGood } from '../support/rollout-policies.ts';
import { startProcess } from './bench-process.ts';
import { LogWatch } from './log-watch.ts';
import { playedProject, serverNamed } from './played-agents.ts';
import { type RawNats, rawNats } from './raw-nats.ts';

const fleet = FleetId.parse('main');
export const group = GroupId.parse('production');
const groupName = GroupName.parse('Production');
const project = ProjectId.parse(playedProject);
/** More would only share the same two cores; fewer would make one event loop the figure. */
const agentProcesses = 4;
/** The bundle store is on this machine, and bundles are small: the default of 10 would be what is measured. */
const syncsMax = 1_000;
/** On cores that are shared nobody shall be lost for having had no turn: that is no figure of ours. */
const leaseMs = 60_000;
/** Of a bundle as small gateways have them: routes and an answer or two. */
const bundleBytes = 8 * 1024;
/** Far past what anything here takes. */
const timeoutMs = 180_000;

export interface ScaleFleet {
  readonly size: number;
  readonly muster: Muster;
  readonly raw: RawNats;
  readonly nats: NatsServer;
  /** Its process, another one after a restart. */
  readonly coordinator: () => number;
  readonly beatIntervalMs: number;
  /** Milliseconds from the start of the agents' processes until all are registered. */
  readonly registeredMs: number;
  /** Milliseconds from the command that joins all of them until a pool revision holds all of them. */
  readonly joinedMs: number;
  /** Bytes of heap that the coordinator held before there was a server. */
  readonly emptyHeap: number;
  /**
   * A version to everybody: one that they have to fetch, or the one before the present, which they still have. Milliseconds
   * from the request until the last `server.ready` of it is in the log.
   */
  deploy(version: { readonly isNew: boolean }): Promise<number>;
  /** Gives a server another weight; bytes of the pool's messages that follow from it, subjects aside. */
  poolBytesOfOneChange(): Promise<number>;
  /** Bytes that the coordinator holds on to, and its resident memory. */
  memory(): Promise<{ readonly heap: number; readonly resident: number }>;
  /** Kills the coordinator and starts it again: milliseconds until it has read the log, and until it takes commands. */
  restart(): Promise<{ readonly readMs: number; readonly leadsMs: number }>;
  stop(): Promise<void>;
}

export async function startScaleFleet(nats: NatsServer, size: number): Promise<ScaleFleet> {
  const beatIntervalMs = beatIntervalFor(size);
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const children: ChildProcess[] = [];
  const bus = await connectBus({ url: nats.url, principal: 'bench', clock: systemClock });
  const raw = await rawNats(nats.url);
  const muster = await connectMuster({ url: nats.url, principal: 'bench' });
  let log: LogWatch | undefined;
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL');
    await log?.stop();
    await muster.close();
    await raw.close();
    await bus.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    let coordinator = await startProcess('coordinator-process.ts', [nats.url, folder], children);
    const memory = async () => {
      const answer = once(coordinator, 'message') as Promise<[number]>;
      coordinator.send('heap');
      const [heap] = await answer;
      return { heap, resident: residentOf(coordinator.pid) };
    };
    const must = async <T extends CommandType>(type: T, payload: CommandPayload<T>): Promise<number> => {
      const outcome = await muster.send(type, payload);
      if (outcome.status !== 'accepted') throw new Error(`${type}: ${JSON.stringify(outcome)}`);
      return outcome.position;
    };
    await must('group.configure', {
      group: groupName,
      policy: { syncsMax, leaseMs, rollout: atOnceForGood },
    });
    log = new LogWatch(bus, fleet);
    const watch = log;

    const { heap: emptyHeap } = await memory();

    let versions = 0;
    let weight = 1;
    const published: ProjectVersion[] = [];
    const publish = async () => {
      versions += 1;
      const version = ProjectVersion.parse(`${versions}.0.0`);
      const bytes = Buffer.alloc(bundleBytes, `${playedProject}@${version} `);
      const digest = Digest.parse(createHash('sha256').update(bytes).digest('hex'));
      await muster.uploadBundle(digest, bytes);
      await must('project.publish', { project, version, digest, bytes: bytes.length });
      published.push(version);
      return version;
    };
    const again = async () => {
      const [before = await publish()] = published.splice(-2, 1);
      published.push(before);
      return before;
    };
    /** The rollout is over when this resolves; the milliseconds are until everybody had proven it. */
    const rollOut = async (choose: () => Promise<ProjectVersion>) => {
      const version = await choose();
      const proven = new Set<ServerId>();
      let rollout = Number.POSITIVE_INFINITY;
      let took = 0;
      const sentAt = performance.now();
      const isOver = watch.until(
        (event) => {
          if (event.type === 'deployment.requested' && event.data.version === version) rollout = event.position;
          if (event.type === 'server.ready' && event.data.covers >= rollout) proven.add(event.data.server);
          if (proven.size === size && took === 0) took = performance.now() - sentAt;
          return event.type === 'rollout.succeeded' && event.data.rollout === rollout;
        },
        { what: `${version} to be ready on ${size}`, timeoutMs },
      );
      await must('deployment.request', { group: groupName, project, version });
      await isOver;
      if (took === 0) {
        const lost = watch.count('server.lost') - watch.count('server.returned');
        throw new Error(`only ${proven.size} of ${size} proved ${version}, rollout ${rollout}; ${lost} are lost`);
      }
      return took;
    };
    await must('deployment.request', { group: groupName, project, version: await publish() });

    let beganAt = performance.now();
    const share = Math.ceil(size / agentProcesses);
    await Promise.all(
      Array.from({ length: agentProcesses }, (_, index) => {
        const first = index * share;
        return startProcess(
          'agents-process.ts',
          [nats.url, `${first}`, `${Math.min(share, size - first)}`, `${beatIntervalMs}`],
          children,
        );
      }),
    );
    await eventually(() => watch.count('server.registered') >= size, { timeoutMs, what: `${size} servers` });
    const registeredMs = performance.now() - beganAt;

    beganAt = performance.now();
    const whole = revisionOf(bus, size);
    const { outcomes } = await muster.setServers({ group: groupName, servers: names(size) });
    for (const outcome of outcomes) if (outcome.status !== 'accepted') throw new Error(JSON.stringify(outcome));
    await whole;
    const joinedMs = performance.now() - beganAt;

    return {
      size,
      muster,
      raw,
      nats,
      coordinator: () => coordinator.pid,
      beatIntervalMs,
      emptyHeap,
      registeredMs,
      joinedMs,
      deploy: ({ isNew }) => rollOut(isNew ? publish : again),
      async poolBytesOfOneChange() {
        let bytes = 0;
        const pool = subjects.poolRevision(fleet, group).replace(/revision$/, '>');
        const counting = raw.connection.subscribe(pool, {
          callback(_error, { data }) {
            bytes += data.length;
          },
        });
        await raw.connection.flush();
        const closed = revisionOf(bus, size);
        weight = (weight % 256) + 1;
        await must('server.configure', { server: serverNamed(size - 1), weight });
        await closed;
        await raw.connection.flush();
        counting.unsubscribe();
        return bytes;
      },
      memory,
      async restart() {
        const gone = once(coordinator, 'exit');
        coordinator.kill('SIGKILL');
        await gone;
        const startedAt = performance.now();
        coordinator = await startProcess('coordinator-process.ts', [nats.url, folder], children);
        const readMs = performance.now() - startedAt;
        weight = (weight % 256) + 1;
        await must('server.configure', { server: serverNamed(0), weight });
        return { readMs, leadsMs: performance.now() - startedAt };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** At ten thousand the agents' own heartbeats, once a second, would take both cores of a small machine: see ARCHITECTURE.md. */
function beatIntervalFor(size: number): number {
  return size <= 2_000 ? 1_000 : 5_000;
}

function names(size: number): ServerId[] {
  return Array.from({ length: size }, (_, index) => serverNamed(index));
}

/** Resolves with the first revision of the pool that holds so many. */
function revisionOf(bus: Bus, size: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no pool of ${size} after ${timeoutMs} ms`)), timeoutMs);
    const subscription = bus.subscribe({
      subject: subjects.poolRevision(fleet, group),
      onMessage({ data }) {
        if (data.length === 0 || decodeMessage(PoolRevision, data, 'a revision').size < size) return;
        clearTimeout(timer);
        subscription.unsubscribe();
        resolve();
      },
    });
  });
}

/** Bytes, from /proc; NaN where there is none. */
function residentOf(pid: number): number {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return Number.NaN;
  }
}
