/**
 * The file sibling: each group's pool as JSON, renamed into place, then an optional command; for any program that has
 * no sibling of its own. The command is told which file changed; exit code 0 says that the pool is applied.
 *
 * Promises: a pool is applied once its file is in place and the command said so; a pool the command
 * refused does not stay in place. Knows of no traffic: it counts nothing in flight, so a drain rests on
 * what the servers count; `listen` is what it was given. Starts, watches and ends no program: it never tells of a restart.
 * Must not know: domain, projections, nats. Duties of the caller: as in balancer.ts; one instance a data directory.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { Address, GroupId, ServerId } from '../../../schemas/ids.ts';
import type { Clock } from '../../std/clock.ts';
import { assert, Failure } from '../../std/failure.ts';
import { readJson, writeJson } from '../../std/json-file.ts';
import type { AppliedPool, Balancer, DesiredPool, ObservedPool } from '../balancer.ts';
import { runCommand } from './process.ts';

/** What stands in a group's file: the contract with whoever reads it. */
export const PoolFile = z.object({
  group: GroupId,
  /** The revision's `<term>.<position>`, where there is one. */
  version: z.string().optional(),
  servers: z.array(
    z.object({
      server: ServerId,
      address: Address,
      /** 0 to 256; 0 takes no new requests. */
      weight: z.int().min(0),
      /** `drain`: no new requests, those in flight may finish. Whoever is not listed is out. */
      admin: z.enum(['ready', 'drain']),
    }),
  ),
});
export type PoolFile = z.infer<typeof PoolFile>;

export interface FileOptions {
  /** Holds `<group>.json`. Absolute. */
  readonly dataDirectory: string;
  readonly clock: Clock;
  /** Run by `sh -c` after each change, with MUSTER_GROUP and MUSTER_POOL_FILE set. Default: none. */
  readonly command?: string;
  /** Default: 30 s. */
  readonly commandTimeoutMs?: number;
  /** Where requests are taken, by group, for people to see. */
  readonly listen?: Readonly<Record<string, Address>>;
}

/** Long enough for a reload that waits for what it does; a command that hangs must not hold the pool for ever. */
const commandTimeoutMsDefault = 30_000;

export class FileBalancer implements Balancer {
  readonly kind = 'file';
  readonly #options: FileOptions;
  /** By group: one file and one command at a time, so that the last pool asked for is the last one applied. */
  readonly #runningByGroup = new Map<GroupId, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(options: FileOptions) {
    this.#options = options;
  }

  /** Asserts each pool once, command and all: whatever was missed meanwhile is made good. */
  async start(pools: readonly DesiredPool[]): Promise<void> {
    for (const pool of pools) await this.#put(pool);
  }

  async apply(pool: DesiredPool): Promise<AppliedPool> {
    const digest = digestOf(fileOf(pool));
    const applied = await this.#applied(pool.group);
    if (applied === undefined || digestOf(applied) !== digest) await this.#put(pool);
    const observed = await this.readBack(pool.group);
    assert(observed !== undefined, 'what was put in place is there');
    return { ...observed, settled: true };
  }

  /** Its file is gone, and no command is run: its pool was empty, which the command was told. */
  async remove(group: GroupId): Promise<void> {
    await this.#runningByGroup.get(group)?.catch(() => undefined);
    await Promise.all([this.#path(group), this.#appliedPath(group)].map((path) => rm(path, { force: true })));
  }

  async readBack(group: GroupId): Promise<ObservedPool | undefined> {
    const applied = await this.#applied(group);
    if (applied === undefined) return undefined;
    const at = new Map(Object.entries(this.#options.listen ?? {})).get(group);
    const listen = at === undefined ? pathToFileURL(this.#path(group)).href : `http://${at.host}:${at.port}`;
    return { group, listen, servers: applied.servers.map((one) => ({ ...one, healthy: true, inFlight: undefined })) };
  }

  onRestart(): () => void {
    return () => undefined;
  }

  /** The files stay: whoever reads them serves on. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.allSettled(this.#runningByGroup.values());
  }

  async #put(pool: DesiredPool): Promise<void> {
    const file = fileOf(pool);
    const before = this.#runningByGroup.get(pool.group) ?? Promise.resolve();
    const put = () => this.#putNow(file);
    const running = before.then(put, put);
    this.#runningByGroup.set(pool.group, running);
    await running;
  }

  async #putNow(pool: PoolFile): Promise<void> {
    const { command, commandTimeoutMs: timeoutMs = commandTimeoutMsDefault, clock } = this.#options;
    const path = this.#path(pool.group);
    await writeJson(path, pool);
    try {
      if (command !== undefined) {
        const environment = { MUSTER_GROUP: pool.group, MUSTER_POOL_FILE: path };
        await runCommand({ command, environment, timeoutMs, clock, signal: this.#abort.signal });
      }
    } catch (error) {
      // Whoever reads the file at a start of its own shall find the pool that was applied.
      const good = await readPoolFile(this.#appliedPath(pool.group));
      if (good === undefined) await rm(path, { force: true });
      else await writeJson(path, good);
      throw error;
    }
    await writeJson(this.#appliedPath(pool.group), pool);
  }

  /** The pool in place, if it is the one the command said yes to. */
  async #applied(group: GroupId): Promise<PoolFile | undefined> {
    const [applied, inPlace] = await Promise.all([
      readPoolFile(this.#appliedPath(group)),
      readPoolFile(this.#path(group)),
    ]);
    if (applied === undefined || inPlace === undefined) return undefined;
    return digestOf(applied) === digestOf(inPlace) ? applied : undefined;
  }

  #path(group: GroupId): string {
    return join(this.#options.dataDirectory, `${group}.json`);
  }

  #appliedPath(group: GroupId): string {
    return join(this.#options.dataDirectory, 'applied', `${group}.json`);
  }
}

/** The pool and nothing else, whatever else the caller's object holds. Throws `config-invalid`. */
function fileOf(pool: DesiredPool): PoolFile {
  const parsed = PoolFile.safeParse(pool);
  if (parsed.success) return parsed.data;
  const message = `the pool of ${pool.group} is none: ${z.prettifyError(parsed.error)}`;
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}

/** A file that somebody else wrote counts as none: it is written anew. */
async function readPoolFile(path: string): Promise<PoolFile | undefined> {
  try {
    return await readJson(path, PoolFile);
  } catch (error) {
    if (error instanceof Failure && !error.retryable) return undefined;
    throw error;
  }
}

/** A new position of the same servers is nothing to run a command for. */
function digestOf({ servers }: PoolFile): string {
  return createHash('sha256').update(JSON.stringify(servers)).digest('hex');
}
