/**
 * One run: everything is started and in traffic, then for some minutes things go wrong by the schedule while commands
 * and requests go on; then nothing goes wrong any more, and after a while everything has to be as it should, and the
 * books of all who took part have to agree.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from '../simulation/world/chance.ts';
import { readWholeLog } from '../support/log-reading.ts';
import { type LoadResult, type SteadyLoad, startLoad } from '../support/steady-load.ts';
import { wrongInBooks } from './books.ts';
import { type FaultName, faultOf, NobodySpared } from './faults.ts';
import { Player } from './player.ts';
import { unequalLogs, unequalStreams, wrongAnswers, wrongInFeed } from './replicas.ts';
import { type FaultWindow, judgeRequests } from './requests.ts';
import { unrestIn } from './rest.ts';
import { type PlannedFault, planChaos } from './schedule.ts';
import { fleetId, groups, projects, type Stage, startStage } from './stage.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly faults: readonly FaultName[];
  readonly print: (line: string) => void;
}

/**
 * Some 200 requests a second in each group, half of them POSTs, which no balancer tries again. Patient: what a frozen
 * gateway had taken it answers when it wakes, and HAProxy would not count what a client gave up before.
 */
const load = {
  paths: projects.map((project) => `/${project}`),
  clients: 8,
  pauseMs: 40,
  failuresKept: 10_000,
  timeoutMs: 60_000,
} as const;
/** From the last fault on: elections, leases, drains, backoffs, on a machine that is busy. */
const restBoundMs = 120_000;
/** For commands without an answer yet. */
const answersBoundMs = 60_000;
const lookEveryMs = 250;

/** What was wrong; empty: everything held. */
export async function runChaos({ seed, minutes, faults, print }: ChaosOptions): Promise<string[]> {
  const stage = await startStage();
  try {
    const names = faults.filter((name) => stage.hosts.canCut || faultOf(name).needsCuts !== true);
    if (!stage.hosts.canCut) print('NOT ROOT, so no hosts of their own: NOTHING IS CUT OR UNPLUGGED in this run');
    const plan = planChaos({ seed, forMs: minutes * 60_000, names });
    print(`${plan.length} faults in ${minutes} minutes`);
    return await play(stage, { plan, seed, minutes, print });
  } finally {
    await stage.stop();
  }
}

interface Played {
  readonly plan: readonly PlannedFault[];
  readonly seed: number;
  readonly minutes: number;
  readonly print: (line: string) => void;
}

async function play(stage: Stage, { plan, seed, minutes, print }: Played): Promise<string[]> {
  const player = new Player(stage, new Chance(seed).fork('player'));
  const loads = groups.map((group) => startLoad({ origin: stage.fleet.origin(group), ...load }));
  player.start();
  const windows: FaultWindow[] = [];
  const trouble = new Trouble(stage, { windows, print });
  const [wrongInTrouble] = await Promise.all([trouble.play(plan), pause(minutes * 60_000)]);
  const healedAt = performance.now();
  print(`${trouble.clock()} nothing goes wrong any more`);
  await player.finish(answersBoundMs);
  const { wrong: unrest, afterMs } = await rest(stage, player, healedAt);
  if (unrest.length === 0)
    print(`${trouble.clock()} everything is as it should be, ${Math.round(afterMs)} ms after the last fault`);
  const results = await Promise.all(loads.map((each: SteadyLoad) => each.stop()));
  const wrong = [...wrongInTrouble, ...unrest];
  wrong.push(...(await judge(stage, player, print)), ...judgeLoad(stage, { results, windows, print }));
  return wrong;
}

/** Carries the schedule out, one lane beside the other. */
class Trouble {
  readonly #stage: Stage;
  readonly #windows: FaultWindow[];
  readonly #print: (line: string) => void;
  readonly #beganAt = performance.now();

  constructor(
    stage: Stage,
    { windows, print }: { readonly windows: FaultWindow[]; readonly print: (line: string) => void },
  ) {
    this.#stage = stage;
    this.#windows = windows;
    this.#print = print;
  }

  clock(): string {
    return `${((performance.now() - this.#beganAt) / 1_000).toFixed(1).padStart(7)} s`;
  }

  /** What could not be done as planned. */
  async play(plan: readonly PlannedFault[]): Promise<string[]> {
    const lanes = new Set(plan.map(({ lane }) => lane));
    const wrong: string[] = [];
    const playLane = async (lane: string) => {
      for (const planned of plan.filter((each) => each.lane === lane)) {
        await pause(Math.max(0, planned.at - (performance.now() - this.#beganAt)));
        await this.#hit(planned);
      }
    };
    const played = await Promise.allSettled([...lanes].map(playLane));
    for (const result of played) if (result.status === 'rejected') wrong.push(`the schedule broke: ${result.reason}`);
    return wrong;
  }

  async #hit({ name, lastsMs, seed }: PlannedFault): Promise<void> {
    const from = Date.now();
    try {
      const { victims, end } = await faultOf(name).begin(this.#stage, new Chance(seed));
      this.#print(`${this.clock()} ${name}: ${victims.join(' and ')}, for ${lastsMs} ms`);
      await pause(lastsMs);
      await end();
      this.#print(`${this.clock()}   ${victims.join(' and ')} back from ${name}`);
      if (faultOf(name).losesRequests !== true) return;
      for (const server of victims) this.#windows.push({ server, fault: name, from, until: Date.now() });
    } catch (error) {
      if (!(error instanceof NobodySpared)) throw error;
      this.#print(`${this.clock()} ${name} passed over: ${error.message}`);
    }
  }
}

async function rest(
  stage: Stage,
  player: Player,
  healedAt: number,
): Promise<{ readonly wrong: string[]; readonly afterMs: number }> {
  let unrest: string | undefined = 'it has not been looked at';
  while (performance.now() - healedAt < restBoundMs) {
    unrest = await unrestIn(stage, player.labelByServer).catch(String);
    if (unrest === undefined) return { wrong: [], afterMs: performance.now() - healedAt };
    await pause(lookEveryMs);
  }
  return { wrong: [`not at rest ${restBoundMs} ms after the last fault: ${unrest}`], afterMs: restBoundMs };
}

async function judge(stage: Stage, player: Player, print: (line: string) => void): Promise<string[]> {
  const { bus, fleet, coordinators, gateways, sync } = stage;
  const wrong: string[] = [];
  // Copies first: what is read below is one of them. A server's own word on its health counts readers long gone, so each
  // copy is looked at instead.
  wrong.push(...(await unequalLogs(bus)), ...(await unequalStreams(stage)));
  wrong.push(...(await judgeBooks(stage, player, print).catch((error: unknown) => [String(error)])));
  const answers = await wrongAnswers(stage);
  print(`${answers.equal} answers of all coordinators are what a fold from zero gives`);
  wrong.push(...answers.wrong);
  const { code, out, err } = await fleet.run('audit', 'verify', '--key', 'fleet.pub.pem');
  print(`audit verify: ${out.split('\n')[0]}`);
  if (code !== 0) wrong.push(`audit verify says ${code}: ${out}${err}`);
  for (const { name, at, code: ended, signal } of [...coordinators, ...gateways, sync].flatMap(
    (seat) => seat.unaskedEnds,
  )) {
    wrong.push(`${name} ended by itself at ${new Date(at).toISOString()}, with ${signal ?? ended}`);
  }
  return wrong;
}

async function judgeBooks(stage: Stage, { orders }: Player, print: (line: string) => void): Promise<string[]> {
  const { bus, muster } = stage;
  // Throws where a link is broken, or where a record of a closed term stands: what a woken leader would leave.
  const { events, records } = await readWholeLog(bus, fleetId);
  const wrong: string[] = [];
  wrong.push(...wrongInBooks({ principal: muster.principal, orders }, events));
  const terms = records.map(({ term }) => term);
  if (terms.some((term, index) => term < (terms[index - 1] ?? 0))) wrong.push('a term follows a later one');
  const accepted = orders.filter(({ outcome }) => outcome?.status === 'accepted').length;
  const refused = orders.filter(({ outcome }) => outcome?.status === 'rejected').length;
  print(
    `${orders.length} commands: ${accepted} accepted, ${refused} refused, ${orders.length - accepted - refused} without an answer; ` +
      `${events.length} events in ${records.length} records of ${new Set(terms).size} terms`,
  );
  wrong.push(...(await wrongInFeed(stage, events)));
  return wrong;
}

interface Loaded {
  readonly results: readonly LoadResult[];
  readonly windows: readonly FaultWindow[];
  readonly print: (line: string) => void;
}

function judgeLoad({ balancerWatch }: Stage, { results, windows, print }: Loaded): string[] {
  const failures = results.flatMap((result) => result.failures);
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const { lost, excused } = judgeRequests(failures, { rises: balancerWatch.rises, windows });
  const counts = [...excused].map(([gateway, count]) => `${count} in flight on ${gateway}`);
  print(`${requests} requests, ${failures.length} failed${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`);
  print(`HAProxy looked at ${balancerWatch.looks} times, ${balancerWatch.misses} without an answer`);
  const wrong = [...balancerWatch.wrong, ...lost.slice(0, 20).map((what) => `a request was lost: ${what}`)];
  if (lost.length > 20) wrong.push(`${lost.length} requests were lost in all`);
  if (failures.some((_, index) => index >= load.failuresKept)) wrong.push('more requests failed than are kept');
  return wrong;
}
