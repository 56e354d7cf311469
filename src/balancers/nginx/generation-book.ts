/**
 * Which pools each generation of nginx's file holds, and which workers run it: nginx says its generation, this says
 * what that means, and for a worker that a reload replaced whom it may still be sending requests to. On disk, so that
 * the next Muster knows it too.
 */
import { z } from 'zod';
import { Address, GroupId, ServerId } from '../../../schemas/ids.ts';
import { Failure } from '../../std/failure.ts';
import { readJson, writeJson } from '../../std/json-file.ts';
import { sameFields } from '../../std/same-fields.ts';
import type { DesiredPool } from '../balancer.ts';

const Generation = z.object({
  generation: z.string(),
  pools: z.array(
    z.object({
      group: GroupId,
      servers: z.array(
        z.object({ server: ServerId, address: Address, weight: z.number(), admin: z.enum(['ready', 'drain']) }),
      ),
    }),
  ),
  /** Workers seen running it. */
  workers: z.array(z.int()),
});

/** Workers somebody else started, or of before the book was lost. */
const unknownGeneration = 'unknown';

export interface Generation {
  readonly generation: string;
  readonly pools: readonly DesiredPool[];
  readonly workers: readonly number[];
}

export class GenerationBook {
  readonly #path: string;
  /** Newest last. */
  #generations: readonly Generation[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** A book that cannot be read is an empty one: nginx is then given its file anew, and every old worker counts. */
  async open(): Promise<void> {
    try {
      this.#generations = (await readJson(this.#path, z.array(Generation))) ?? [];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#generations = [];
    }
  }

  find(generation: string): Generation | undefined {
    return this.#generations.findLast((one) => one.generation === generation);
  }

  /** Whether just these pools are written down under this generation, whatever their revisions. */
  holds(generation: string, pools: readonly DesiredPool[]): boolean {
    const held = this.find(generation)?.pools;
    return held !== undefined && sameFields(held.map(withoutVersion), pools.map(withoutVersion));
  }

  /** Undefined: nobody knows what this worker runs. */
  ofWorker(pid: number): Generation | undefined {
    return this.#generations.findLast(({ workers }) => workers.includes(pid));
  }

  /** Every worker that was seen running something else than this. */
  workersBefore(generation: string): number[] {
    return this.#generations.filter((one) => one.generation !== generation).flatMap(({ workers }) => workers);
  }

  /**
   * Writes down what runs now, and forgets workers that are not `alive` any more. The same pools again are the same
   * generation again: workers of its first time may still be leaving, and stay known.
   */
  async record(now: Generation, alive: ReadonlySet<number>): Promise<void> {
    const running = new Set(now.workers);
    const left = this.#generations.map((one) => {
      return { ...one, workers: one.workers.filter((pid) => alive.has(pid) && !running.has(pid)) };
    });
    const known = new Set(left.flatMap(({ workers }) => workers));
    const unknown = [...alive].filter((pid) => !running.has(pid) && !known.has(pid));
    const again = left.filter(({ generation }) => generation === now.generation).flatMap(({ workers }) => workers);
    const older = left.filter(({ generation, workers }) => generation !== now.generation && workers.length > 0);
    this.#generations = [
      ...(unknown.length === 0 ? [] : [{ generation: unknownGeneration, pools: [], workers: unknown }]),
      ...older,
      { ...now, workers: [...now.workers, ...again] },
    ];
    await writeJson(this.#path, this.#generations);
  }
}

function withoutVersion({ group, servers }: DesiredPool): DesiredPool {
  return { group, servers };
}

/** Whether a worker of this generation may be sending the server requests. Of an unknown one everything is believed. */
export function mayReach(one: Generation | undefined, group: GroupId, server: ServerId): boolean {
  if (one === undefined || one.generation === unknownGeneration) return true;
  const held = one.pools.find((pool) => pool.group === group)?.servers.find((each) => each.server === server);
  return held !== undefined && held.admin === 'ready' && held.weight > 0;
}
