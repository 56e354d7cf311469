import { describe, expect, it } from 'vitest';
import { Directive } from '../../schemas/directive.ts';
import { Carrier } from '../../src/agent/carrier.ts';
import type { Driver } from '../../src/agent/driver.ts';
import { type Holdings, nothing } from '../../src/agent/holdings.ts';
import { systemClock } from '../../src/std/clock.ts';
import { Failure, type FailureCode } from '../../src/std/failure.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const directive = Directive.parse({
  log: 'log-number-1',
  term: 1,
  position: 2,
  server: 'edge-1',
  group: 'edge',
  serving: 'yes',
  projects: [{ project: 'hello', version: '1.0.0', digest: '0'.repeat(64), bytes: 10 }],
});

const driver: Driver = {
  name: 'fake',
  start: () => Promise.resolve({}),
  apply: () => Promise.resolve([]),
  setServing: () => Promise.resolve(),
  inFlight: () => 0,
  health: () => Promise.resolve([]),
  stop: () => Promise.resolve(),
};

/** Carries the directive out on an empty disk, where fetching its bundle fails so. */
async function carriedWhereFetchingFails(code: FailureCode) {
  const holdings = {
    value: nothing,
    update: async (changes: Partial<Holdings>) => {
      holdings.value = { ...holdings.value, ...changes };
    },
  };
  const carrier = new Carrier({
    driver,
    store: {
      find: () => Promise.resolve(undefined),
      add: () => Promise.reject(new Error('nothing was fetched')),
      keepOnly: () => Promise.resolve(),
    },
    holdings,
    fetch: () => Promise.reject(new Failure({ code, retryable: true, message: 'as the test says' })),
    drainTimeoutMs: 0,
    clock: systemClock,
    random: () => 0,
    logger: silentLogger,
  });
  return carrier.carryOut(directive, new AbortController().signal);
}

describe('a bundle that could not be had', () => {
  it.each(['disconnected', 'closed', 'no-responders'] as const)(
    'is no proof of anything where no server of NATS gave it: %s',
    async (code) => {
      expect(await carriedWhereFetchingFails(code)).toMatchObject({ isCutOff: true });
    },
  );

  it.each(['bundle-missing', 'bundle-invalid', 'timeout'] as const)(
    'is told as failed where it is %s',
    async (code) => {
      const { isCutOff, applied } = await carriedWhereFetchingFails(code);
      expect(isCutOff).toBe(false);
      expect(applied.failures).toEqual([{ project: 'hello', version: '1.0.0', text: 'as the test says' }]);
    },
  );
});
