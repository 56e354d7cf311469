/** Requests a second, from what heartbeats count since their instance began. Known only where it was counted. Pure. */
import type { GroupTraffic, TrafficRate } from '../../schemas/views.ts';
import type { FleetState, Group, Server } from '../domain/state.ts';
import type { AnsweredReading, Observed, ObservedServer } from './observed.ts';

/** Over so long a rate is taken: longer than a stutter, shorter than what a person calls now. */
const windowMs = 5_000;
/**
 * Readings closer than this say more of when they arrived than of what was answered. Only the newest may be as close to
 * the one before it: so those of a window are few, however fast they come.
 */
const apartMs = 500;

/** The readings to keep once `now` has come, of one instance. */
export function withReading(
  before: readonly AnsweredReading[] | undefined,
  now: AnsweredReading,
): readonly AnsweredReading[] {
  const [kept, last] = [before ?? [], before?.at(-1)];
  if (last === undefined || now.requests < last.requests) return [now];
  const previous = kept.at(-2);
  // Not by how close the next one is: where all come close, none would ever stay, and the oldest for good.
  const isClose = previous !== undefined && last.at - previous.at < apartMs;
  const readings = isClose ? [...kept.slice(0, -1), now] : [...kept, now];
  // The oldest is the newest of those that are a window old.
  const begin = readings.findLastIndex(({ at }) => at <= now.at - windowMs);
  return readings.slice(Math.max(0, begin));
}

/** A silence of so many of the longest pauses there were between readings, and of a window at the least, is no pace any more. */
const pausesMax = 2.5;

/** Forgets what servers had answered that are silent by now: what they answered last is no rate of the last seconds. */
export function forgetSilent({ serverById }: Observed, now: number): void {
  for (const seen of serverById.values()) {
    if (seen.answered !== undefined && isSilent(seen.answered, now)) seen.answered = undefined;
  }
}

/** One reading is no rate yet, nor does it say when the next is due. */
function isSilent(readings: readonly AnsweredReading[], now: number): boolean {
  if (readings.length < 2) return false;
  let longestMs = windowMs / pausesMax;
  for (const [index, { at }] of readings.entries()) {
    longestMs = Math.max(longestMs, at - (readings[index - 1]?.at ?? at));
  }
  return now - (readings.at(-1)?.at ?? now) > longestMs * pausesMax;
}

/** Null: not known. Nor has one that is silent, or in no group, traffic that would be anybody's. */
export function trafficRate({ member, lost }: Pick<Server, 'member' | 'lost'>, seen?: ObservedServer) {
  return member === null || lost !== null ? null : rateOf(seen?.answered);
}

/** Sums over those that can tell, and how many they are. */
export function groupTraffic(state: FleetState, observed: Observed, { id: group, servers }: Group): GroupTraffic {
  const inFlight: number[] = [];
  const rates: TrafficRate[] = [];
  for (const id of servers) {
    const server = state.serverById.get(id);
    const seen = observed.serverById.get(id);
    if (server === undefined || server.lost !== null) continue;
    const flying = seen?.beat?.inFlight;
    if (flying !== undefined) inFlight.push(flying);
    const rate = trafficRate(server, seen);
    if (rate !== null) rates.push(rate);
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    group,
    servers: servers.size,
    inFlight: inFlight.length === 0 ? null : sum(inFlight),
    inFlightKnown: inFlight.length,
    rate: rates.length === 0 ? null : summed(rates, sum),
    rateKnown: rates.length,
  };
}

function summed(rates: readonly TrafficRate[], sum: (values: readonly number[]) => number): TrafficRate {
  const requestsPerSecond = sum(rates.map((rate) => rate.requestsPerSecond));
  const waited = sum(rates.map((rate) => rate.requestsPerSecond * (rate.latencyMs ?? 0)));
  return {
    requestsPerSecond: rounded(requestsPerSecond),
    errorsPerSecond: rounded(sum(rates.map((rate) => rate.errorsPerSecond))),
    latencyMs: requestsPerSecond === 0 ? null : rounded(waited / requestsPerSecond),
  };
}

function rateOf(readings: readonly AnsweredReading[] | undefined): TrafficRate | null {
  const [first, last] = [readings?.[0], readings?.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < apartMs) return null;
  const seconds = (last.at - first.at) / 1_000;
  const requests = last.requests - first.requests;
  return {
    requestsPerSecond: rounded(requests / seconds),
    errorsPerSecond: rounded((last.errors - first.errors) / seconds),
    latencyMs: requests === 0 ? null : rounded((last.latencyMs - first.latencyMs) / requests),
  };
}

function rounded(value: number): number {
  return Math.round(Math.max(0, value) * 100) / 100;
}
