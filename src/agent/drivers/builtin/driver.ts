/**
 * The reference gateway: an HTTP server in this process. Routes of the projects' manifests go to upstreams or get a
 * fixed answer.
 *
 * Promises beside the port's: a set is tested by real requests before any client sees it; the swap is atomic; every
 * answer says which server and which project version gave it.
 */
import type { Address, ServerId } from '../../../../schemas/ids.ts';
import type { Clock } from '../../../std/clock.ts';
import { textOf } from '../../../std/failure.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import type { Answered, AppliedProject, Driver, ProjectProblem, ProjectTraffic, Serving } from '../../driver.ts';
import { createSelfTest, type SelfTest } from './health.ts';
import { Listener } from './listener.ts';
import { buildRoutingTable } from './routing-table.ts';
import { Upstreams } from './upstreams.ts';

export interface BuiltinDriverOptions {
  readonly server: ServerId;
  readonly listen: { readonly host: string; readonly port: number };
  /** Nobody may guess it: it opens what is being tested. */
  readonly secret: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class BuiltinDriver implements Driver {
  readonly name = 'builtin';
  readonly #options: BuiltinDriverOptions;
  readonly #listener: Listener;
  readonly #upstreams = new Upstreams();
  /** There from the start of the listener on: before, there is nothing to send a request to. */
  #selfTest: SelfTest | undefined;

  constructor(options: BuiltinDriverOptions) {
    this.#options = options;
    const { server, listen, secret, clock } = options;
    this.#listener = new Listener({ server, ...listen, secret, clock, upstreams: this.#upstreams });
  }

  async start(): Promise<{ readonly address: Address }> {
    const { secret, clock } = this.#options;
    const address = await this.#listener.start();
    this.#selfTest = createSelfTest({ address, secret, clock });
    return { address: { host: address.address, port: address.port } };
  }

  async apply(set: readonly AppliedProject[], signal: AbortSignal): Promise<readonly ProjectProblem[]> {
    const { table, problems } = buildRoutingTable(this.#options.server, set);
    if (problems.length > 0) return problems;
    const unproven = set.filter(({ proven }) => !proven);
    this.#listener.staged = table;
    try {
      const failed = (await this.#selfTest?.check(unproven, 'staged', signal)) ?? [];
      if (failed.length > 0) return failed;
    } finally {
      this.#listener.staged = null;
    }
    signal.throwIfAborted();
    this.#listener.live = table;
    this.#listener.traffic.retain(table.projects);
    this.#upstreams.retain(table.origins, (error) => {
      this.#options.logger.warn({ reason: textOf(error) }, 'a pool of connections did not close cleanly');
    });
    return [];
  }

  setServing(serving: Serving): Promise<void> {
    this.#listener.serving = serving;
    return Promise.resolve();
  }

  inFlight(): number {
    return this.#listener.inFlight;
  }

  answered(): Answered {
    return { ...this.#listener.traffic.all };
  }

  traffic(): readonly ProjectTraffic[] {
    return this.#listener.traffic.of(this.#listener.live?.projects ?? []);
  }

  async health(signal: AbortSignal): Promise<readonly ProjectProblem[]> {
    return (await this.#selfTest?.check(this.#listener.live?.projects ?? [], 'live', signal)) ?? [];
  }

  async stop(): Promise<void> {
    await this.#selfTest?.close();
    await this.#listener.stop();
    await this.#upstreams.destroy();
  }
}
