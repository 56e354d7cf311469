import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetId } from '../../../schemas/ids.ts';
import { query } from '../../../src/client/queries.ts';
import type { Bus } from '../../../src/nats/bus.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a query that no replica answers', () => {
  it('is asked again until its time is nearly over, and leaves no timer behind that would keep the process', async () => {
    let asked = 0;
    const request = () => {
      asked += 1;
      return new Promise<never>(() => undefined);
    };
    void query({ bus: { request } as unknown as Bus, fleet: 'main' as FleetId }, { name: 'groups', ask: {} });

    await vi.advanceTimersByTimeAsync(4_500);
    expect(asked).toBe(4);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(4);
    expect(vi.getTimerCount()).toBe(0);
  });
});
