/** What only the run that created a fleet does: brings the samples in and waits until they are in traffic. */
import type { Muster } from '../../../src/client/muster.ts';
import { systemClock } from '../../../src/std/clock.ts';
import { pause } from '../../../src/std/deadline.ts';
import { Failure } from '../../../src/std/failure.ts';
import { seed, seededGroups, seededServers, seedingOf } from './seed.ts';

export interface FirstRunOptions {
  readonly signal: AbortSignal;
  readonly onStep: (line: string) => void;
}

/** A leader that was killed is missed for a few seconds before another one, or its successor, tries. */
const leadTimeoutMs = 60_000;
/** A gateway registers within its first second. */
const registerTimeoutMs = 30_000;
const trafficTimeoutMs = 90_000;
const pollMs = 100;

export async function firstRun(muster: Muster, { signal, onStep }: FirstRunOptions): Promise<void> {
  await led(muster, signal);
  const seeding = await seedingOf(muster, systemClock.now(), signal);
  if (seeding.status === 'not-ours') onStep('nothing: others have used this fleet, and what they left out stays out');
  if (seeding.status !== 'needed') return;
  for (const server of seededServers) await registered(muster, server, signal);
  const position = await seed(muster, { createdAt: seeding.createdAt, onStep });
  for (const group of seededGroups) {
    const outcome = await muster.wait(position, { group, timeoutMs: trafficTimeoutMs, signal });
    if (outcome.status === 'in-traffic') {
      onStep(`${group} is in traffic`);
      continue;
    }
    // The fleet is there and says itself what it waits for: no reason to tear it down.
    for (const { what, reason } of outcome.laggards) onStep(`${group} is not in traffic yet: ${what}: ${reason}`);
  }
}

/** Until a leader answers: only then has an empty log got its first record. */
async function led(muster: Muster, signal: AbortSignal): Promise<void> {
  const deadlineAt = systemClock.monotonic() + leadTimeoutMs;
  for (;;) {
    const answer = await muster.query('coordinator', {}, { signal, timeoutMs: 1_000 }).catch((caught: unknown) => {
      if (caught instanceof Failure && caught.retryable) return undefined;
      throw caught;
    });
    if (answer?.status === 'ok' && answer.position > 0 && answer.data.role === 'leader') return;
    if (systemClock.monotonic() > deadlineAt) {
      throw new Failure({
        code: 'timeout',
        retryable: true,
        message: `no coordinator leads after ${leadTimeoutMs} ms`,
      });
    }
    await pause({ clock: systemClock, delayMs: pollMs, signal });
  }
}

async function registered(muster: Muster, server: string, signal: AbortSignal): Promise<void> {
  const deadlineAt = systemClock.monotonic() + registerTimeoutMs;
  while ((await muster.query('server', { server }, { signal })).status === 'error') {
    if (systemClock.monotonic() > deadlineAt) {
      const message = `gateway ${server} did not register in ${registerTimeoutMs} ms`;
      throw new Failure({ code: 'timeout', retryable: true, message });
    }
    await pause({ clock: systemClock, delayMs: pollMs, signal });
  }
}
