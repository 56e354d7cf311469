/**
 * Agents of a fleet that are the production code but for their machine: each has its own subscriptions, heartbeats and
 * receipts, and fetches and checks its bundles; what is played is the gateway, which applies at once, and the disk, which
 * is memory. Many share a process and a connection: what the bench measures is the coordinator, and two thousand
 * connections would be measured instead.
 */
import { createHash } from 'node:crypto';
import type { ProjectFile } from '../../schemas/bundle.ts';
import type { Digest, FleetId, ServerId } from '../../schemas/ids.ts';
import { startAgentOn } from '../../src/agent/agent.ts';
import type { AgentDisk } from '../../src/agent/agent-disk.ts';
import type { AppliedProject, Driver } from '../../src/agent/driver.ts';
import { nothing } from '../../src/agent/holdings.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

/** The project whose bundles agents of a bench hold: their bytes begin with its name. */
export const playedProject = 'hello';

export function serverNamed(index: number): ServerId {
  return `s${index}` as ServerId;
}

export interface PlayedAgent {
  readonly fleet: FleetId;
  readonly index: number;
  readonly beatIntervalMs: number;
}

export async function startPlayedAgent(bus: Bus, { fleet, index, beatIntervalMs }: PlayedAgent): Promise<void> {
  const address = { host: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 8_080 };
  // It ends with its process: nobody waits for ten thousand drains.
  await startAgentOn(memoryDisk(), {
    server: serverNamed(index),
    fleet,
    connect: async () => bus,
    driver: playedDriver(address),
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    beatIntervalMs,
  });
}

function playedDriver(address: { host: string; port: number }): Driver {
  return {
    name: 'played',
    start: async () => ({ address }),
    apply: async (_: readonly AppliedProject[]) => [],
    setServing: async () => undefined,
    inFlight: () => 0,
    health: async () => [],
    stop: async () => undefined,
  };
}

function memoryDisk(): AgentDisk {
  const kept = new Set<Digest>();
  const holdings = {
    value: nothing,
    update: async (changes: Partial<typeof nothing>) => {
      holdings.value = { ...holdings.value, ...changes };
    },
  };
  return {
    holdings,
    bundles: {
      find: async (digest) => (kept.has(digest) ? bundleOf(digest) : undefined),
      add: async (digest, bytes) => {
        if (createHash('sha256').update(bytes).digest('hex') !== digest) {
          throw new Failure({ code: 'bundle-invalid', retryable: false, message: `the bytes are not ${digest}` });
        }
        kept.add(digest);
        return bundleOf(digest);
      },
      keepOnly: async (digests) => {
        for (const digest of kept) if (!digests.has(digest)) kept.delete(digest);
      },
    },
  };
}

function bundleOf(digest: Digest): { folder: string; file: ProjectFile } {
  return { folder: `/bundles/${digest}`, file: { name: playedProject, routes: [] } as unknown as ProjectFile };
}
