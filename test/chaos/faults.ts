/**
 * What may go wrong, each under a name. A fault says whom it hits (the seed picks), and how it ends. Those that hit the
 * same kind of machine come one after another, so that the fleet always could go on; of different kinds, all at once.
 */
import type { Chance } from '../simulation/world/chance.ts';
import type { Seat } from './seat.ts';
import { balancerName, groups, natsNames, type Stage } from './stage.ts';

export type Lane = 'nats' | 'coordinators' | 'gateways' | 'balancer';

export interface Begun {
  readonly victims: readonly string[];
  readonly end: () => Promise<void>;
}

interface Fault {
  readonly lane: Lane;
  /** How often it is picked beside the others of its lane. */
  readonly weight: number;
  /** Milliseconds. */
  readonly lasts: readonly [least: number, most: number];
  readonly needsCuts?: true;
  /** Requests in flight on the victim may be lost. */
  readonly losesRequests?: true;
  readonly begin: (stage: Stage, chance: Chance) => Promise<Begun>;
}

type Pick = (stage: Stage, chance: Chance) => Seat;

const someNats: Pick = ({ nats }, chance) => chance.pick(nats);
const leader: Pick = (stage) => stage.leader();
const standby: Pick = (stage, chance) => chance.pick(stage.standbys());
const sync: Pick = (stage) => stage.sync;
const someGateway: Pick = ({ gateways }, chance) => chance.pick(gateways);

const short = [500, 12_000] as const;
/** Longer than the beats that may be missed on a cluster, and an election: whoever wakes has been followed by another. */
const overtaken = [16_000, 24_000] as const;

export const faults = {
  'kill-nats': { lane: 'nats', weight: 3, lasts: short, begin: kill(someNats) },
  'freeze-nats': { lane: 'nats', weight: 3, lasts: [500, 18_000], begin: freeze(someNats) },
  'restart-nats': { lane: 'nats', weight: 2, lasts: short, begin: restart(someNats) },
  'unplug-nats': { lane: 'nats', weight: 3, lasts: [500, 18_000], needsCuts: true, begin: unplug(someNats) },
  /** Two of the three do not reach each other; the third reaches both. */
  'part-nats': { lane: 'nats', weight: 2, lasts: short, needsCuts: true, begin: partNats('both ways') },
  /** One hears nothing of another, which hears it. */
  'deafen-nats': { lane: 'nats', weight: 2, lasts: short, needsCuts: true, begin: partNats('one way') },
  /** Two of three die at once: no majority, and nobody may be told anything. */
  'kill-majority': { lane: 'nats', weight: 2, lasts: [500, 8_000], begin: killMajority },
  'kill-leader': { lane: 'coordinators', weight: 3, lasts: short, begin: kill(leader) },
  'freeze-leader': { lane: 'coordinators', weight: 4, lasts: overtaken, begin: freeze(leader) },
  'doze-leader': { lane: 'coordinators', weight: 2, lasts: [500, 6_000], begin: freeze(leader) },
  'restart-leader': { lane: 'coordinators', weight: 2, lasts: [100, 4_000], begin: restart(leader) },
  'unplug-leader': { lane: 'coordinators', weight: 3, lasts: overtaken, needsCuts: true, begin: unplug(leader) },
  /** What it says reaches no NATS server; it hears them all. */
  'mute-leader': { lane: 'coordinators', weight: 3, lasts: overtaken, needsCuts: true, begin: mute(leader) },
  'deafen-leader': { lane: 'coordinators', weight: 3, lasts: overtaken, needsCuts: true, begin: deafen(leader) },
  'kill-standby': { lane: 'coordinators', weight: 1, lasts: short, begin: kill(standby) },
  'freeze-standby': { lane: 'coordinators', weight: 1, lasts: overtaken, begin: freeze(standby) },
  'kill-gateway': { lane: 'gateways', weight: 4, lasts: short, losesRequests: true, begin: kill(spared) },
  'freeze-gateway': { lane: 'gateways', weight: 3, lasts: [500, 18_000], losesRequests: true, begin: freeze(spared) },
  'unplug-gateway': {
    lane: 'gateways',
    weight: 3,
    lasts: [500, 18_000],
    needsCuts: true,
    losesRequests: true,
    begin: unplug(spared),
  },
  /** Told to stop it drains first: no request may be lost. */
  'restart-gateway': { lane: 'gateways', weight: 2, lasts: [100, 4_000], begin: restart(spared) },
  /** It reaches no NATS server and is reached by none; the balancer reaches it: no request may be lost. */
  'maroon-gateway': { lane: 'gateways', weight: 3, lasts: [500, 18_000], needsCuts: true, begin: maroon(someGateway) },
  'kill-sync': { lane: 'balancer', weight: 3, lasts: short, begin: kill(sync) },
  'freeze-sync': { lane: 'balancer', weight: 2, lasts: [500, 18_000], begin: freeze(sync) },
  'maroon-sync': { lane: 'balancer', weight: 3, lasts: [500, 18_000], needsCuts: true, begin: maroon(sync) },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];
export const faultOf = (name: FaultName): Fault => faults[name];

function kill(pick: Pick): Fault['begin'] {
  return async (stage, chance) => {
    const seat = pick(stage, chance);
    await seat.kill();
    return { victims: [seat.name], end: () => seat.start() };
  };
}

function freeze(pick: Pick): Fault['begin'] {
  return async (stage, chance) => {
    const seat = pick(stage, chance);
    await seat.freeze();
    return { victims: [seat.name], end: () => seat.wake() };
  };
}

/** Told to stop; once it has, and the time is over, it is started again. */
function restart(pick: Pick): Fault['begin'] {
  return async (stage, chance) => {
    const seat = pick(stage, chance);
    const stopping = seat.stop();
    const end = async () => {
      await stopping;
      await seat.start();
    };
    return { victims: [seat.name], end };
  };
}

function unplug(pick: Pick): Fault['begin'] {
  return async (stage, chance) => {
    const { name } = pick(stage, chance);
    stage.hosts.unplug(name);
    return { victims: [name], end: async () => stage.hosts.plug(name) };
  };
}

/** Every NATS server is deaf to it. */
function mute(pick: Pick): Fault['begin'] {
  return async (stage, chance) => between(stage, pick(stage, chance).name, { toNats: true, fromNats: false });
}

function deafen(pick: Pick): Fault['begin'] {
  return async (stage, chance) => between(stage, pick(stage, chance).name, { toNats: false, fromNats: true });
}

function maroon(pick: Pick): Fault['begin'] {
  return async (stage, chance) => between(stage, pick(stage, chance).name, { toNats: true, fromNats: true });
}

function between(
  { hosts }: Stage,
  name: string,
  { toNats, fromNats }: { readonly toNats: boolean; readonly fromNats: boolean },
): Begun {
  const cuts = natsNames.flatMap((nats): [deaf: string, from: string][] => [
    ...(toNats ? [[nats, name] as [string, string]] : []),
    ...(fromNats ? [[name, nats] as [string, string]] : []),
  ]);
  for (const [deaf, from] of cuts) hosts.deafen(deaf, from);
  const end = async () => {
    for (const [deaf, from] of cuts) hosts.undeafen(deaf, from);
  };
  return { victims: [name], end };
}

function partNats(how: 'one way' | 'both ways'): Fault['begin'] {
  return async ({ hosts }, chance) => {
    const one = chance.whole(0, natsNames.length - 1);
    const other = (one + chance.whole(1, natsNames.length - 1)) % natsNames.length;
    const pair = [natsNames[one], natsNames[other]] as [string, string];
    const cuts = how === 'one way' ? [pair] : [pair, [pair[1], pair[0]] as [string, string]];
    for (const [deaf, from] of cuts) hosts.deafen(deaf, from);
    const end = async () => {
      for (const [deaf, from] of cuts) hosts.undeafen(deaf, from);
    };
    return { victims: pair, end };
  };
}

async function killMajority({ nats }: Stage, chance: Chance): Promise<Begun> {
  const left = chance.pick(nats);
  const dying = nats.filter((each) => each !== left);
  await Promise.all(dying.map((each) => each.kill()));
  const end = async () => void (await Promise.all(dying.map((each) => each.start())));
  return { victims: dying.map(({ name }) => name), end };
}

/** A gateway whose group has another that takes requests: with none left every request must fail, whatever we do. */
function spared({ gateways, balancerWatch }: Stage, chance: Chance): Seat {
  const serving = groups.map((group) => balancerWatch.servingIn(group));
  const mayGo = gateways.filter(({ name }) => {
    const own = serving.find((names) => names.includes(name));
    return own === undefined || own.length > 1;
  });
  const picked = chance.pick(mayGo);
  if (picked === undefined) throw new NobodySpared();
  return picked;
}

/** The fleet is not as it should be yet after what went before: this fault is passed over, and that is told. */
export class NobodySpared extends Error {
  constructor() {
    super(`every gateway is the last of its group that ${balancerName} sends to`);
  }
}
