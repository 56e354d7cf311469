/**
 * Whether everybody who keeps a copy keeps the same: each NATS server's streams, and the log read from each of them;
 * each coordinator's answers against a fold of the log from zero; the feed against the log.
 */
import { createHash } from 'node:crypto';
import type { Event } from '../../schemas/events.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { CoordinatorAnswer } from '../../src/audit/coordinator-check.ts';
import { comparedQueries } from '../../src/audit/coordinator-check.ts';
import { liveSource } from '../../src/audit/log-source.ts';
import { verify } from '../../src/audit/verify.ts';
import { query } from '../../src/client/queries.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';
import { openBus } from '../support/nats-bus.ts';
import { coordinatorNames, fleetId, natsNames, type Stage } from './stage.ts';

const names = streamNames(fleetId);
/** Of a cluster that is whole: what one has and another not is on its way. */
const equalTimeoutMs = 30_000;
/** By chance the same one could lead again and again. */
const stepdownsMax = 40;
/** Of each NATS server: with two coordinators on it, that one of them never answers is one chance in a thousand million. */
const askedOfEach = 30;
const requestTimeoutMs = 10_000;
/** Messages asked for at once. */
const readAhead = 64;

interface StreamDetail {
  readonly name: string;
  readonly state: Readonly<Record<string, unknown>>;
}

/** By stream, what each server says it holds, until all say the same. */
export async function unequalStreams({ cluster }: Stage): Promise<string[]> {
  const look = async () => {
    const states = await Promise.all(cluster.monitorUrls.map(statesAt));
    const streams = new Set(states.flatMap((state) => [...state.keys()]));
    const unequal = [...streams].filter((name) => new Set(states.map((state) => state.get(name))).size > 1);
    if (unequal.length > 0 || streams.size === 0) {
      throw new Error(
        unequal.map((name) => states.map((state) => `${name}: ${state.get(name)}`).join(' | ')).join('\n'),
      );
    }
    return true;
  };
  try {
    await eventually(look, { timeoutMs: equalTimeoutMs, what: 'every copy of every stream to be the same' });
    return [];
  } catch (error) {
    return [String(error)];
  }
}

async function statesAt(url: string): Promise<ReadonlyMap<string, string>> {
  const response = await fetch(`${url}/jsz?accounts=true&streams=true`, { signal: AbortSignal.timeout(5_000) });
  const { account_details: accounts = [] } = (await response.json()) as {
    account_details?: { stream_detail?: StreamDetail[] }[];
  };
  const details = accounts.flatMap(({ stream_detail: streams = [] }) => streams);
  return new Map(
    details.map(({ name, state: { consumer_count: _ours, first_ts: _first, last_ts: _last, ...state } }) => [
      name,
      JSON.stringify(state),
    ]),
  );
}

/** The log's bytes as each server holds them: whoever leads the stream answers from its own copy, so each has to lead. */
export async function unequalLogs(bus: Bus): Promise<string[]> {
  const { lastSequence } = await bus.streamStatus(names.log);
  const digestByServer = new Map<string, string>();
  for (let tries = 0; digestByServer.size < natsNames.length && tries < stepdownsMax; tries += 1) {
    const leader = await leaderOf(bus);
    if (leader !== undefined && !digestByServer.has(leader)) {
      const digest = await digestOfLog(bus, lastSequence);
      if ((await leaderOf(bus)) === leader) digestByServer.set(leader, digest);
    }
    await api(bus, `STREAM.LEADER.STEPDOWN.${names.log}`);
    await eventually(() => leaderOf(bus), { what: 'a leader of the log', timeoutMs: requestTimeoutMs });
  }
  if (digestByServer.size < natsNames.length) return [`only ${[...digestByServer.keys()].join()} led the log`];
  const isEqual = new Set(digestByServer.values()).size === 1;
  return isEqual ? [] : [`the copies of the log differ: ${JSON.stringify([...digestByServer])}`];
}

async function leaderOf(bus: Bus): Promise<string | undefined> {
  const { cluster } = (await api(bus, `STREAM.INFO.${names.log}`)) as { cluster?: { leader?: string } };
  return cluster?.leader || undefined;
}

async function api(bus: Bus, what: string): Promise<unknown> {
  const data = new Uint8Array(0);
  const answer = await bus.request({ subject: `$JS.API.${what}`, data, timeoutMs: requestTimeoutMs });
  return JSON.parse(Buffer.from(answer.data).toString());
}

async function digestOfLog(bus: Bus, lastSequence: number): Promise<string> {
  const hash = createHash('sha256');
  for (let from = 1; from <= lastSequence; from += readAhead) {
    const sequences = Array.from({ length: Math.min(readAhead, lastSequence - from + 1) }, (_, index) => from + index);
    const stored = await Promise.all(
      sequences.map((sequence) => bus.get({ stream: names.log, sequence }, 'leader', requestTimeoutMs)),
    );
    for (const [index, message] of stored.entries()) {
      hash.update(message === undefined ? `record ${from + index} is missing` : message.data);
    }
  }
  return hash.digest('hex');
}

/**
 * What every coordinator answers, against a fold from zero. NATS prefers the coordinators on the server a question is
 * asked of, so asking every server often reaches each of them; that it did is seen by their names.
 */
export async function wrongAnswers({
  cluster,
  bus,
}: Stage): Promise<{ readonly wrong: string[]; readonly equal: number }> {
  const answers: CoordinatorAnswer[] = [];
  const instances = new Set<string>();
  for (const { url } of cluster.servers) {
    const own = await openBus(url, 'examiner');
    try {
      for (let turn = 0; turn < askedOfEach; turn += 1) {
        const who = await query({ bus: own, fleet: fleetId }, { name: 'coordinator', ask: {} });
        if (who.status === 'ok') instances.add(who.data.instance);
        for (const name of comparedQueries) {
          const answer = await query({ bus: own, fleet: fleetId }, { name, ask: {} });
          if (answer.status === 'ok')
            answers.push({ name, position: answer.position, data: answer.data } as CoordinatorAnswer);
        }
      }
    } finally {
      await own.close();
    }
  }
  if (instances.size !== coordinatorNames.length)
    return { wrong: [`${instances.size} coordinators answered`], equal: 0 };
  const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleetId), clock: systemClock });
  const verdict = await verify(liveSource(log, names.log), { answers, signal: AbortSignal.timeout(60_000) });
  const { status, finding, coordinator, voids } = verdict;
  const equal = coordinator?.equal ?? 0;
  if (status !== 'whole' || voids.length > 0) return { wrong: [JSON.stringify({ finding, voids })], equal };
  return equal === answers.length
    ? { wrong: [], equal }
    : { wrong: [`${equal} of ${answers.length} answers are of the log`], equal };
}

/** The feed is the log, event by event. */
export async function wrongInFeed({ fleet }: Stage, events: readonly Event[]): Promise<string[]> {
  const look = async () => {
    let next = 1;
    for await (const { position, type } of fleet.muster.events({ from: 1, follow: false })) {
      if (position !== next) throw new Error(`the feed has ${position} where ${next} is next`);
      const own = events[position - 1];
      if (own !== undefined && own.type !== type)
        throw new Error(`the feed has ${type} at ${position}, not ${own.type}`);
      next += 1;
    }
    if (next <= events.length) throw new Error(`the feed ends at ${next - 1} of ${events.length}`);
    return true;
  };
  try {
    await eventually(look, { timeoutMs: equalTimeoutMs, what: 'the feed to be the log' });
    return [];
  } catch (error) {
    return [String(error)];
  }
}
