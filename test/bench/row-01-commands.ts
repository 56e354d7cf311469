/** Rows 1 and 2: what the coordinator's logic costs a stream of commands, and a single one. */
import { type CommandChain, commandRig } from './command-rig.ts';
import { type Comparison, compare, quantile, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import type { Line, Row } from './report.ts';

const inFlight = 256;
const commandsAtOnce = 30_000;
const commandsAlone = 1_500;
const note = 'Commands published to the stream in JSON, by the bare library; the SDK is in neither side';

export const row01: Row = {
  number: 1,
  title: 'commands through the whole coordinator',
  async run() {
    const what = `commands/s through the whole coordinator, ${inFlight} in flight : bare chain`;
    return withRig(what, async (rig, durability) => {
      const side = (chain: CommandChain): Side => ({
        name: chain.name,
        unit: 'commands/s',
        run: () => chain.round({ commands: commandsAtOnce, inFlight }),
      });
      const comparison = await compare(side(rig.coordinator), side(rig.bare));
      const target = { sense: 'at least', ratio: 0.6 } as const;
      return [{ status: 'measured', what, comparison, target, durability, note }];
    });
  },
};

export const row02: Row = {
  number: 2,
  title: 'one unloaded command',
  async run() {
    const what = 'one unloaded command : bare chain';
    return withRig(what, async (rig, durability) => {
      const alone = async (share: number): Promise<Comparison> => {
        const side = (chain: CommandChain): Side => ({
          name: chain.name,
          unit: 'ms',
          async run() {
            const round = await chain.round({ commands: commandsAlone, inFlight: 1 });
            return { ...round, value: quantile(round.latencies, share) };
          },
        });
        return compare(side(rig.coordinator), side(rig.bare));
      };
      const line = async (name: string, share: number, ratio: number): Promise<Line> => {
        const target = { sense: 'at most', ratio } as const;
        const comparison = await alone(share);
        return { status: 'measured', what: `${what}, ${name}`, comparison, target, durability, note };
      };
      return [await line('p50', 0.5, 1.25), await line('p99', 0.99, 2)];
    });
  },
};

type Rig = Awaited<ReturnType<typeof commandRig>>;
type Measured = Extract<Line, { status: 'measured' }>;

async function withRig(
  what: string,
  work: (rig: Rig, durability: Measured['durability']) => Promise<readonly Line[]>,
): Promise<readonly Line[]> {
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return [{ status: 'not measured', what, why: nats.why }];
  try {
    const rig = await commandRig(nats.server);
    try {
      return await work(rig, nats.durability);
    } finally {
      await rig.stop();
    }
  } finally {
    await nats.server.stop();
  }
}
