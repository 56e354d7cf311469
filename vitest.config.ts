/** Folder = kind = cost: one project each. What starts processes runs one file at a time, so that timings mean something. */
import { defineConfig } from 'vitest/config';

/** Pure, but some walk through thousands of random histories, and a busy machine runs several at once. */
const unitTimeoutMs = 60_000;
/** A store to recover and a reconnect take seconds on a busy machine. */
const integrationTimeoutMs = 60_000;
/** Whole fleets of processes start and stop. */
const endToEndTimeoutMs = 180_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: unitTimeoutMs,
          hookTimeout: unitTimeoutMs,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: integrationTimeoutMs,
          hookTimeout: integrationTimeoutMs,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: integrationTimeoutMs,
          hookTimeout: integrationTimeoutMs,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: endToEndTimeoutMs,
          hookTimeout: endToEndTimeoutMs,
        },
      },
    ],
  },
});
