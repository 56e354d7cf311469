/**
 * Makes the gateway hold one set: bundles had and verified, driver told, disk written, proof made. One call at a time.
 *
 * Promises: a project that fails leaves the others applied and its own last good version in place; the disk holds a
 * set before a proof names it; a call that was aborted may be followed by any other.
 */
import type { DesiredProject, Directive } from '../../schemas/directive.ts';
import type { ProjectId, Stamp } from '../../schemas/ids.ts';
import { type Beat, failuresMax, problemLengthMax, type Receipt } from '../../schemas/receipt.ts';
import type { Clock } from '../std/clock.ts';
import { cutText } from '../std/cut-text.ts';
import { Failure, textOf } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { BundleIntake } from './bundle-intake.ts';
import type { BundleShelf } from './bundle-store.ts';
import type { AppliedProject, Driver, Serving } from './driver.ts';
import type { HeldBundle, HeldOnDisk } from './holdings.ts';
import { waitIdle } from './idle-wait.ts';
import { applyLargest, type Choice, type Selection } from './selection.ts';

/** A receipt but for who sends it. */
export type Applied = Omit<Receipt, 'server' | 'instance'>;

export interface Carried {
  readonly applied: Applied;
  /** No NATS server was there to give out a bundle. That says nothing of the bundle, so it is no proof. */
  readonly isCutOff: boolean;
}

export interface CarrierOptions {
  readonly driver: Driver;
  readonly store: BundleShelf;
  readonly holdings: HeldOnDisk;
  /** The bytes of a bundle, unverified. */
  readonly fetch: (desired: DesiredProject, signal: AbortSignal) => Promise<Uint8Array>;
  /** How long requests in flight may hold up dropping everything. */
  readonly drainTimeoutMs: number;
  /** A bundle was fetched: `sync` says how far it has come. */
  readonly onFetched?: () => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

type TextByProject = Map<ProjectId, string>;

interface Candidates {
  readonly choices: Choice[];
  readonly textByProject: TextByProject;
  readonly isCutOff: boolean;
}

/** What is said of a directive that could not be carried out at all. */
export function failAll({ log, term, position, serving, projects }: Directive, text: string): Applied {
  const failures = projects.slice(0, failuresMax).map(({ project, version }) => {
    return { project, version, text: cutText(text, problemLengthMax) };
  });
  return { log, term, position, serving, projects: [], failures };
}

export class Carrier {
  readonly #options: CarrierOptions;
  readonly #intake: BundleIntake;
  /** What the driver serves, as a text to compare; undefined where that is not known. */
  #live: string | undefined;
  /** The last set the driver took. */
  #served: readonly AppliedProject[] = [];

  constructor(options: CarrierOptions) {
    this.#options = options;
    this.#intake = new BundleIntake(options);
  }

  /** Of the directive being carried out; undefined while none is. */
  get sync(): Beat['sync'] {
    return this.#intake.sync;
  }

  /** Serves what the disk holds, before anything else is known. No bundle can make it throw. */
  async restore(signal: AbortSignal): Promise<void> {
    const { driver, store, holdings, logger } = this.#options;
    const set: AppliedProject[] = [];
    for (const held of holdings.value.held) {
      const found = await store.find(held.digest);
      if (found === undefined) logger.error({ ...held }, 'a bundle is missing on disk: served without it');
      else set.push({ ...held, ...found, proven: true });
    }
    const choices = set.map((project) => ({ project: project.project, candidates: [project] }));
    try {
      const selection = await this.#apply(choices, signal);
      for (const [project, text] of selection.textByProject) {
        logger.error({ project, text }, 'a project on disk is not served');
      }
      await driver.setServing(holdings.value.serving);
      if (set.length > 0) logger.info({ projects: this.#served.map(labelOf) }, 'serving from disk');
    } catch (error) {
      logger.error({ reason: textOf(error) }, 'could not serve from disk');
    }
  }

  /** In no group: drains, then holds nothing. */
  async dropAll(stamp: Stamp, signal: AbortSignal): Promise<Applied> {
    const { driver, clock, drainTimeoutMs: timeoutMs, holdings, logger } = this.#options;
    await driver.setServing('draining');
    const inFlight = await waitIdle({ driver, fleetWaited: true, clock, timeoutMs, signal });
    if (inFlight !== 0) logger.warn({ inFlight }, 'dropping everything though requests are in flight');
    await this.#apply([], signal);
    await holdings.update({ serving: 'draining', directive: null, held: [], previous: [] });
    await this.#tidy([]);
    logger.info({ position: stamp.position }, 'in no group: holding nothing');
    return { ...stamp, serving: 'draining', projects: [], failures: [] };
  }

  async carryOut(directive: Directive, signal: AbortSignal): Promise<Carried> {
    this.#intake.begin(directive);
    try {
      return await this.#carryOut(directive, signal);
    } finally {
      this.#intake.end();
    }
  }

  async #carryOut(directive: Directive, signal: AbortSignal): Promise<Carried> {
    const { driver, holdings, logger } = this.#options;
    const { log, term, position, serving } = directive;
    if (serving === 'draining') await driver.setServing('draining');
    const { choices, textByProject, isCutOff } = await this.#choose(directive, signal);
    const selection = await this.#applyOrBlameAll(choices, signal);
    const { set } = selection;
    const { held: before, previous } = holdings.value;
    // A driver that fails altogether leaves open what is served: what was good before stays written down.
    const held = this.#live === undefined ? before : set.map(heldOf);
    await holdings.update({ directive, serving, held, previous: keyOf(before) === keyOf(held) ? previous : before });
    if (serving === 'yes') await driver.setServing('yes');
    await this.#tidy([...held, ...holdings.value.previous]);
    const unhealthy = await this.#findUnhealthy(serving, signal);
    const failures = directive.projects.flatMap(({ project, version }) => {
      const text = textByProject.get(project) ?? selection.textByProject.get(project) ?? unhealthy.get(project);
      return text === undefined ? [] : [{ project, version, text: cutText(text, problemLengthMax) }];
    });
    const healthy = set.filter(({ project }) => !unhealthy.has(project));
    const fields = { position, serving, projects: set.map(labelOf), failures };
    if (failures.length === 0) logger.info(fields, 'directive applied');
    else logger.warn(fields, 'directive applied in part');
    const projects = healthy.map(({ project, version }) => ({ project, version }));
    return { applied: { log, term, position, serving, projects, failures: failures.slice(0, failuresMax) }, isCutOff };
  }

  /** Of each project asked for: its bundle, fetched where it is not here, and the last good one. */
  async #choose(directive: Directive, signal: AbortSignal): Promise<Candidates> {
    const choices: Choice[] = [];
    const textByProject: TextByProject = new Map();
    let isCutOff = false;
    const { held } = this.#options.holdings.value;
    for (const desired of directive.projects) {
      const { project } = desired;
      const candidates: AppliedProject[] = [];
      const last = held.find((one) => one.project === project);
      try {
        const proven = last?.digest === desired.digest;
        candidates.push({ ...desired, ...(await this.#intake.obtain(desired, signal)), proven });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Failure && cutOffCodes.has(error.code)) isCutOff = true;
        textByProject.set(project, textOf(error));
      }
      if (last !== undefined && last.digest !== desired.digest) {
        const found = await this.#options.store.find(last.digest);
        if (found !== undefined) candidates.push({ ...last, ...found, proven: true });
      }
      choices.push({ project, candidates });
    }
    return { choices, textByProject, isCutOff };
  }

  /** What is left over is a matter of room, and no reason to call what was applied failed. */
  async #tidy(kept: readonly HeldBundle[]): Promise<void> {
    try {
      await this.#options.store.keepOnly(new Set(kept.map(({ digest }) => digest)));
    } catch (error) {
      this.#options.logger.warn({ reason: textOf(error) }, 'could not remove old bundles');
    }
  }

  /** What is served afterwards. Nothing is asked of the driver where it serves just that already. */
  async #apply(choices: readonly Choice[], signal: AbortSignal): Promise<Selection> {
    const set = choices.flatMap(({ candidates }) => candidates.slice(0, 1));
    if (keyOf(set) === this.#live) return { set, textByProject: new Map() };
    // Whatever comes of it, what is live is not known until it has ended well.
    this.#live = undefined;
    const selection = await applyLargest(this.#options.driver, choices, signal);
    this.#live = keyOf(selection.set);
    this.#served = selection.set;
    return selection;
  }

  /** A driver that takes nothing at all fails every project, and is taken to serve on what it served before. */
  async #applyOrBlameAll(choices: readonly Choice[], signal: AbortSignal): Promise<Selection> {
    try {
      return await this.#apply(choices, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { logger, driver } = this.#options;
      logger.error({ driver: driver.name, reason: textOf(error) }, 'the driver failed');
      return { set: this.#served, textByProject: new Map(choices.map(({ project }) => [project, textOf(error)])) };
    }
  }

  async #findUnhealthy(serving: Serving, signal: AbortSignal): Promise<TextByProject> {
    if (serving === 'draining') return new Map();
    const problems = await this.#options.driver.health(signal);
    signal.throwIfAborted();
    return new Map(problems.map(({ project, text }) => [project, text]));
  }
}

/**
 * The connection was not there, or went, or no server behind it gives out what the stream holds: a cluster that comes
 * back takes connections first. Anything else that keeps a bundle away is told as a failure.
 */
const cutOffCodes: ReadonlySet<string> = new Set(['disconnected', 'closed', 'no-responders']);

function heldOf({ project, version, digest }: AppliedProject): HeldBundle {
  return { project, version, digest };
}

/** What is probed is part of it: the driver has to know. */
function keyOf(set: readonly (HeldBundle & Pick<AppliedProject, 'probe'>)[]): string {
  return set
    .map(({ project, version, digest, probe }) => `${project}@${version}#${digest} ${JSON.stringify(probe ?? null)}`)
    .join(' ');
}

function labelOf({ project, version }: { readonly project: string; readonly version: string }): string {
  return `${project}@${version}`;
}
