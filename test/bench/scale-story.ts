/** What a fleet of one size goes through once, with all that the rows of scale tell of it: made at the first question. */
import { cpuOf, type Comparison, compare, measured, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import type { Durability } from './report.ts';
import { storeFloor } from './scale-floor.ts';
import { type ScaleFleet, startScaleFleet } from './scale-fleet.ts';

/** As the issue asks for them. */
export const sizes = [100, 1_000, 10_000] as const;
export type Size = (typeof sizes)[number];

export interface Story {
  readonly size: Size;
  readonly durability: Durability;
  readonly registeredMs: number;
  readonly joinedMs: number;
  /** A deploy of what the servers hold already : the floor. */
  readonly coordination: Comparison;
  /** Milliseconds of a deploy that everybody has to fetch. */
  readonly fetchedMs: number;
  /** Bytes of the coordinator's heap, for each server. */
  readonly heapEach: number;
  readonly resident: number;
  /** Microseconds of CPU for one heartbeat and its answer. */
  readonly beat: { readonly coordinator: number; readonly nats: number; readonly everyMs: number };
  readonly poolBytes: number;
  readonly restart: { readonly readMs: number; readonly leadsMs: number };
}

const quietMs = 10_000;
const storyBySize = new Map<Size, Promise<Story>>();

export function storyOf(size: Size): Promise<Story> {
  const known = storyBySize.get(size);
  if (known !== undefined) return known;
  const told = tell(size);
  storyBySize.set(size, told);
  return told;
}

async function tell(size: Size): Promise<Story> {
  const nats = await natsAsItComes();
  if (nats.status === 'missing') throw new Error(nats.why);
  const { server, durability } = nats;
  try {
    const fleet = await startScaleFleet(server, size);
    try {
      const { registeredMs, joinedMs } = fleet;
      const fetchedMs = await fleet.deploy({ isNew: true });
      const coordination = await compare(deploying(fleet), storeFloor(fleet));
      const poolBytes = await fleet.poolBytesOfOneChange();
      const beat = await heartbeats(fleet);
      const { heap, resident } = await fleet.memory();
      const heapEach = (heap - fleet.emptyHeap) / size;
      const restart = await fleet.restart();
      const common = { size, durability, registeredMs, joinedMs, coordination, fetchedMs };
      return { ...common, heapEach, resident, beat, poolBytes, restart };
    } finally {
      await fleet.stop();
    }
  } finally {
    await server.stop();
  }
}

function deploying(fleet: ScaleFleet): Side {
  return {
    name: `deploy to ${fleet.size}, the last ready in the log`,
    unit: 'ms',
    async run() {
      let value = Number.NaN;
      const { cpuMicroseconds } = await measured([fleet.nats.pid, fleet.coordinator()], async () => {
        value = await fleet.deploy({ isNew: false });
      });
      return { value, operations: fleet.size, cpuMicroseconds };
    },
  };
}

/** Nothing but heartbeats for a while: what they cost those who hear them. */
async function heartbeats(fleet: ScaleFleet): Promise<Story['beat']> {
  const pids = [fleet.coordinator(), fleet.nats.pid];
  const before = pids.map((pid) => cpuOf([pid]));
  const beganAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, quietMs));
  const beats = (fleet.size * (performance.now() - beganAt)) / fleet.beatIntervalMs;
  const [coordinator = Number.NaN, nats = Number.NaN] = pids.map(
    (pid, at) => (cpuOf([pid]) - (before[at] ?? 0)) / beats,
  );
  return { coordinator, nats, everyMs: fleet.beatIntervalMs };
}
