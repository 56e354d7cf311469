/** From what Envoy holds to every desired pool, in an order that leaves it somebody to ask at each moment. */
import type { Clock } from '../../std/clock.ts';
import { pause } from '../../std/deadline.ts';
import type { DesiredPool, ObservedPoolServer } from '../balancer.ts';
import type { DesiredPools } from '../desired-pools.ts';
import { Lingering, type Moved, moveDocument, Newcomers } from './apply.ts';
import type { XdsForm } from './bootstrap.ts';
import { clusterOf, type ConfigGroup, type Document, renderDocuments } from './config-file.ts';
import type { Documents } from './documents.ts';
import type { EnvoyProcess } from './process.ts';

/** A check that passes takes milliseconds; looking more often than this costs Envoy more than it tells. */
const checkPollMs = 50;

export interface ConvergenceOptions {
  readonly form: XdsForm;
  readonly documents: Documents;
  readonly process: EnvoyProcess;
  readonly desired: DesiredPools;
  readonly clock: Clock;
}

type Observed = ReadonlyMap<string, readonly ObservedPoolServer[]>;

export class Convergence {
  readonly #options: ConvergenceOptions;
  readonly #lingering: Lingering;
  readonly #newcomers: Newcomers;

  constructor(options: ConvergenceOptions) {
    this.#options = options;
    this.#lingering = new Lingering(options.clock);
    this.#newcomers = new Newcomers(options.clock);
  }

  /** Compares what Envoy took with every desired pool, and moves in what differs. True: something was moved. */
  async run(): Promise<boolean> {
    const { process, documents, form } = this.#options;
    if (await process.answers()) {
      const letIn = await this.#letNewcomersIn();
      return (await this.#move(this.#groups(await process.observe()))) || letIn;
    }
    const groups = this.#groups(new Map());
    for (const document of renderDocuments(form, groups)) await documents.give(document);
    await process.start();
    await this.#move(groups);
    return true;
  }

  /** Nobody goes before those who came have passed a check: Envoy would have nobody to ask. */
  async #letNewcomersIn(): Promise<boolean> {
    const { process, clock } = this.#options;
    for (let moved = false; ; ) {
      let waits = false;
      const groups = this.#groups(await process.observe(), (pool, held) => {
        const meanwhile = this.#newcomers.poolMeanwhile(pool, held);
        waits ||= meanwhile !== undefined;
        return meanwhile ?? pool;
      });
      if (!waits) return moved;
      moved = (await this.#move(groups)) || moved;
      await pause({ clock, delayMs: checkPollMs });
    }
  }

  #groups(
    observed: Observed,
    choose: (pool: DesiredPool, held: readonly ObservedPoolServer[]) => DesiredPool = (pool) => pool,
  ): ConfigGroup[] {
    return this.#options.desired.all.map(({ pool: desired, listen }) => {
      const held = observed.get(clusterOf(desired.group)) ?? [];
      const pool = choose(desired, held);
      return { pool, listen, leaving: this.#lingering.leaving(pool, held) };
    });
  }

  /** True: something was moved. */
  async #move(groups: readonly ConfigGroup[]): Promise<boolean> {
    const { form, documents, process, clock } = this.#options;
    const move = (document: Document) => moveDocument({ document, documents, process, clock });
    const moved: Moved[] = [];
    const later: Document[] = [];
    await process.logRefusals(true);
    try {
      for (const document of renderDocuments(form, groups)) {
        const outcome = await move(document);
        moved.push(outcome);
        if (outcome === 'later') later.push(document);
      }
      // Their clusters are there by now.
      for (const document of later) await move(document);
    } finally {
      await process.logRefusals(false);
    }
    return moved.some((outcome) => outcome !== 'held');
  }
}
