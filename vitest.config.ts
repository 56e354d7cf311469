/**
 * Folder = kind = cost: one project each, one after the other. Within one, files run side by side: each starts its own
 * servers on ports of its own. How many is what two cores bear without any timing meaning something else.
 */
import { defineConfig } from 'vitest/config';
import { natsReplicas } from './test/support/nats-choice.ts';

/** Pure, but some walk through thousands of random histories, and a busy machine runs several at once. */
const unitTimeoutMs = 60_000;
/** Stories by the hundred, at some tens of milliseconds each on a machine of its own. */
const simulationTimeoutMs = 300_000;
/** A store to recover and a reconnect take seconds on a busy machine, elections of three servers several times as many. */
const integrationTimeoutMs = natsReplicas() > 1 ? 180_000 : 60_000;
/** Whole fleets of processes start and stop. */
const endToEndTimeoutMs = 180_000;

/** Pure: as many as there are cores to compute on. */
const unitWorkers = 2;
/** Two thirds of the time these wait: for a lease, an outage, a reload. */
const integrationWorkers = 3;
/** A fleet under load takes a core while it starts and half a one later; drills on time need the rest. */
const endToEndWorkers = 2;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: unitTimeoutMs,
          hookTimeout: unitTimeoutMs,
          maxWorkers: unitWorkers,
          // Nothing is mocked and nothing kept between files: loading everything anew for each costs half of the time.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: integrationTimeoutMs,
          hookTimeout: integrationTimeoutMs,
          maxWorkers: integrationWorkers,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: simulationTimeoutMs,
          hookTimeout: simulationTimeoutMs,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          // A dozen processes under load: nobody else at the same time.
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: integrationTimeoutMs,
          hookTimeout: integrationTimeoutMs,
          maxWorkers: integrationWorkers,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: endToEndTimeoutMs,
          hookTimeout: endToEndTimeoutMs,
          maxWorkers: endToEndWorkers,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
