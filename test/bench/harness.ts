/**
 * Measures two things against each other in one run: repetitions interleaved, so that a machine that slows down slows
 * both, the median of the ratios, and CPU beside wall time. A figure without its floor in the same run says nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** What one repetition of one side gave. */
export interface Sample {
  /** Higher is better for a rate, lower for a time: the row says which. */
  readonly value: number;
  readonly operations: number;
  readonly cpuMicroseconds: number;
}

export interface Side {
  readonly name: string;
  readonly unit: string;
  run(repetition: number): Promise<Sample>;
}

export interface Comparison {
  readonly ratio: number;
  readonly ratios: readonly number[];
  readonly subject: Figure;
  readonly floor: Figure;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly cpuMicrosecondsPerOperation: number;
}

/** Fewer would let one disturbed repetition be the figure. */
const repetitionsMin = 3;

/** After a round that does not count, runs floor and subject in turn, each first every other time, and takes the median of the ratios. */
export async function compare(subject: Side, floor: Side, repetitions = repetitionsMin): Promise<Comparison> {
  const samples: { subject: Sample; floor: Sample }[] = [];
  // A round that does not count: the compiler and the server's caches are cold in it, and not equally for both.
  await floor.run(-1);
  await subject.run(-1);
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    if (repetition % 2 === 0) {
      const first = await floor.run(repetition);
      samples.push({ floor: first, subject: await subject.run(repetition) });
    } else {
      const first = await subject.run(repetition);
      samples.push({ subject: first, floor: await floor.run(repetition) });
    }
  }
  const ratios = samples.map((sample) => sample.subject.value / sample.floor.value);
  return {
    ratio: median(ratios),
    ratios,
    subject: figureOf(
      subject,
      samples.map((sample) => sample.subject),
    ),
    floor: figureOf(
      floor,
      samples.map((sample) => sample.floor),
    ),
  };
}

function figureOf({ name, unit }: Side, samples: readonly Sample[]): Figure {
  return {
    name,
    unit,
    value: median(samples.map(({ value }) => value)),
    cpuMicrosecondsPerOperation: median(samples.map(({ cpuMicroseconds, operations }) => cpuMicroseconds / operations)),
  };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank; NaN of nothing, so that a row without samples cannot look like a figure. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Wall time and the CPU of this process and of `pids` with their children, while `work` runs. */
export async function measured(
  pids: readonly number[],
  work: () => Promise<void>,
): Promise<{ wallMs: number; cpuMicroseconds: number }> {
  const cpuBefore = cpuOf(pids);
  const ownBefore = process.cpuUsage();
  const beganAt = performance.now();
  await work();
  const wallMs = performance.now() - beganAt;
  const own = process.cpuUsage(ownBefore);
  return { wallMs, cpuMicroseconds: own.user + own.system + cpuOf(pids) - cpuBefore };
}

/** Microseconds in one clock tick of /proc: Linux has told user space 100 a second on every machine for decades. */
const microsecondsPerTick = 10_000;

/** CPU microseconds used so far by these processes and those they started. 0 for one that is not there, or no Linux. */
export function cpuOf(pids: readonly number[]): number {
  if (process.platform !== 'linux' || pids.length === 0) return 0;
  const wanted = new Set(pids);
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf);
  // Parents have lower pids than children but for a wrapped counter: two passes reach grandchildren all the same.
  for (let pass = 0; pass < 2; pass += 1) for (const { pid, parent } of stats) if (wanted.has(parent)) wanted.add(pid);
  return stats.filter(({ pid }) => wanted.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) * microsecondsPerTick;
}

function statOf(pid: string): { pid: number; parent: number; ticks: number }[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in brackets and may hold spaces; field 3 follows the last one. utime, stime, cutime, cstime: 14 to 17.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
    return [{ pid: Number(pid), parent: fields[1] ?? 0, ticks }];
  } catch {
    // It ended while we looked.
    return [];
  }
}

/** Runs `one` `count` times with `inFlight` of them under way, each told its number. */
export async function withInFlight(
  count: number,
  inFlight: number,
  one: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await one(index);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
