/**
 * The agent on a gateway server: makes it part of a fleet.
 *
 * Promises: what the disk holds is served before anything is connected, and on with the whole control plane down;
 * what a directive asks for is verified, applied and proven by a receipt; a stop loses no request that ends in time.
 * Must not know the decider or the coordinator: only what crosses the bus.
 * Duties of the caller: a data directory of its own, a driver used by nobody else, and one call of `stop` at the end.
 *
 * Stopping has the fleet drain this server, so that balancers stop sending before it refuses anything; it stays a
 * member of its group, and is put back when it has started again. Where no coordinator answers, its readiness fails for
 * long enough that balancers see it by their own health checks; the fleet then takes it as lost until it is back.
 */
import type { Address, CommandId, FleetId, Labels, ServerId } from '../../schemas/ids.ts';
import type { Bus } from '../nats/bus.ts';
import { streamNames } from '../nats/stream-definitions.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause, within } from '../std/deadline.ts';
import { Failure, textOf } from '../std/failure.ts';
import { newToken } from '../std/token.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { DesiredProject } from '../../schemas/directive.ts';
import { Applier, type Target } from './applier.ts';
import { type AgentDisk, openAgentDisk } from './agent-disk.ts';
import { Carrier } from './carrier.ts';
import type { Driver } from './driver.ts';
import type { HeldOnDisk, Holdings } from './holdings.ts';
import { waitIdle } from './idle-wait.ts';
import { Receipts } from './receipts.ts';
import { Session } from './session.ts';

export interface AgentOptions {
  readonly server: ServerId;
  readonly fleet: FleetId;
  /** Where balancers reach the gateway. Default: where the driver says it listens. */
  readonly address?: Address;
  readonly labels?: Labels;
  /** The program's name and version, for people. Default: `muster`. */
  readonly agent?: string;
  /** Opens the bus as `srv_<server>`. Called again after a failure, until it succeeds. */
  readonly connect: (signal: AbortSignal) => Promise<Bus>;
  readonly dataDirectory: string;
  readonly driver: Driver;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** Default: as the leader says, which is a sixth of the group's lease, and 1,000 ms where nobody has said so. */
  readonly beatIntervalMs?: number;
  /** How long stopping, and requests in flight when everything is dropped, may take. Default: 30,000 ms. */
  readonly drainTimeoutMs?: number;
  /** How long balancers may need to see by health checks of their own that this server is not ready. Default: 4,000 ms. */
  readonly noticeMs?: number;
  /** Between two of the gateway's own health checks. Default: 5,000 ms. */
  readonly healthIntervalMs?: number;
}

export interface Agent {
  /** As the fleet is told. */
  readonly address: Address;
  /** Drains, then ends. Once the signal fires it waits for nobody. Later calls wait for the same stop. */
  stop(force?: AbortSignal): Promise<void>;
}

const drainTimeoutDefaultMs = 30_000;
const healthIntervalDefaultMs = 5_000;
/** The balancers' files Muster writes take a server out by three failed checks a second apart; and one to spare. */
const noticeDefaultMs = 4_000;
const connectBackoff = { firstMs: 250, longestMs: 5_000 } as const;
/** 64 MiB over a slow link. */
const bundleTimeoutMs = 120_000;

/** Resolves when the gateway takes requests, connected or not. Throws where the disk or the address cannot be had. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  return startAgentOn(await openAgentDisk(options.dataDirectory), options);
}

/** The same on a disk that is open already. */
export async function startAgentOn(disk: AgentDisk, options: Omit<AgentOptions, 'dataDirectory'>): Promise<Agent> {
  return new RunningAgent(options, disk).start();
}

class RunningAgent {
  readonly #options: Omit<AgentOptions, 'dataDirectory'>;
  readonly #holdings: HeldOnDisk;
  readonly #carrier: Carrier;
  readonly #applier: Applier;
  readonly #receipts: Receipts;
  readonly #instance: string;
  readonly #stop = new AbortController();
  /** Undefined until the first connection. */
  #bus: Bus | undefined;
  #session: Session | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: Omit<AgentOptions, 'dataDirectory'>, { holdings, bundles: store }: AgentDisk) {
    this.#options = options;
    this.#holdings = holdings;
    this.#instance = newToken(options.random);
    const { driver, drainTimeoutMs = drainTimeoutDefaultMs, healthIntervalMs = healthIntervalDefaultMs } = options;
    this.#receipts = new Receipts({ ...options, instance: this.#instance });
    const fetch = (desired: DesiredProject, signal: AbortSignal) => this.#fetch(desired, signal);
    const onFetched = () => this.#session?.fetched();
    this.#carrier = new Carrier({ ...options, store, holdings, fetch, drainTimeoutMs, onFetched });
    this.#applier = new Applier({
      ...options,
      carrier: this.#carrier,
      driver,
      healthIntervalMs,
      onApplied: (applied) => {
        this.#receipts.prove(applied);
        // The beats of a drain are what it ends by. A receipt that gets lost is made good by the next one in its time.
        if (applied.serving === 'draining') this.#session?.hurry();
      },
      // Under a long lease the next heartbeat is seconds away, and those that take it out of the pool come after it.
      onHealth: () => this.#session?.hurry(),
    });
  }

  async start(): Promise<Agent> {
    const { driver } = this.#options;
    await this.#carrier.restore(this.#stop.signal);
    const started = await driver.start();
    const address = this.#options.address ?? started.address;
    if (address === undefined) {
      await driver.stop();
      const message = `the driver ${driver.name} does not say where it listens: an address must be given`;
      throw new Failure({ code: 'config-invalid', retryable: false, message });
    }
    // What failed before a restart is tried again, and what did not is proven again under the new instance.
    const target = leftToDo(this.#holdings.value);
    if (target !== undefined) this.#applier.want(target);
    this.#applier.start();
    this.#running = this.#run(address);
    return { address, stop: (force) => this.stop(force) };
  }

  stop(force?: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(force ?? new AbortController().signal);
    return this.#stopped;
  }

  /** Beats and follows directives while it drains: the fleet sees what is in flight, and says when to refuse more. */
  async #end(force: AbortSignal): Promise<void> {
    const { driver, clock, logger, drainTimeoutMs: timeoutMs = drainTimeoutDefaultMs } = this.#options;
    const deadlineAt = clock.monotonic() + timeoutMs;
    try {
      const end = (await this.#session?.leave({ timeoutMs, signal: force })) ?? 'unaided';
      // Read before the applier stops: from here on nothing of a directive is taken in.
      const isServing = this.#holdings.value.serving === 'yes';
      await this.#applier.stop();
      await driver.setServing('draining');
      if (end === 'unaided' && isServing) await this.#awaitNotice({ timeoutMs, signal: force });
      const leftMs = Math.max(0, deadlineAt - clock.monotonic());
      const fleetWaited = end === 'told';
      const cutOff = await waitIdle({ driver, fleetWaited, clock, timeoutMs: leftMs, signal: force });
      if (cutOff !== 0) logger.warn({ inFlight: cutOff }, 'stopping though requests may be in flight');
    } catch (error) {
      // Forced, or the driver is not there any more: either way there is nothing to wait for.
      logger.warn({ reason: textOf(error) }, 'stopping without having drained');
    }
    await this.#applier.stop();
    this.#stop.abort();
    await this.#running;
    await this.#bus?.close();
    await driver.stop();
  }

  /** Not ready any more, it answers on until no balancer sends. */
  async #awaitNotice({ timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal }) {
    const { clock, logger, noticeMs = noticeDefaultMs } = this.#options;
    const delayMs = Math.min(noticeMs, timeoutMs);
    logger.info({ delayMs }, 'no coordinator drains this server: waiting for balancers to see that it is not ready');
    await pause({ clock, delayMs, signal });
  }

  async #run(address: Address): Promise<void> {
    const { driver } = this.#options;
    const { signal } = this.#stop;
    this.#bus = await this.#connect();
    if (this.#bus === undefined) return;
    this.#session = new Session({
      ...this.#options,
      agent: this.#options.agent ?? 'muster',
      beatIntervalMs: this.#options.beatIntervalMs,
      bus: this.#bus,
      address,
      instance: this.#instance,
      holdings: this.#holdings,
      applier: this.#applier,
      driver,
      receipts: this.#receipts,
      newId: () => `${this.#options.server.slice(0, 40)}-${newToken(this.#options.random)}` as CommandId,
    });
    await this.#session.run(signal);
  }

  /** Undefined when stopped before. */
  async #connect(): Promise<Bus | undefined> {
    const { connect, clock, random, logger } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        return await connect(signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        // Said once loudly: the gateway serves all the same.
        logger[attempt === 1 ? 'warn' : 'debug'](
          { reason: textOf(error) },
          'no connection to NATS: serving what is held',
        );
        const waited = pause({ clock, delayMs: backoffMs(connectBackoff, attempt, random()), signal });
        await waited.catch(() => undefined);
      }
    }
    return undefined;
  }

  async #fetch({ digest, bytes }: DesiredProject, signal: AbortSignal): Promise<Uint8Array> {
    const { clock, fleet } = this.#options;
    if (this.#bus === undefined) {
      throw new Failure({ code: 'disconnected', retryable: true, message: 'not connected to NATS yet' });
    }
    const bucket = this.#bus.objects(streamNames(fleet).bundles);
    const work = bucket.get(digest, { maxBytes: bytes, timeoutMs: bundleTimeoutMs, signal });
    return within({ clock, timeoutMs: bundleTimeoutMs, what: `the bundle ${digest}`, work, signal });
  }
}

/** What a start has to carry out before anybody says anything: the last word that was taken in. */
function leftToDo({ log, assignment, directive }: Holdings): Target | undefined {
  // Killed between leaving its group and dropping what it held there, it still has that to do.
  if (log !== null && assignment !== null && assignment.group === null) {
    const { term, position } = assignment;
    return { kind: 'nothing', stamp: { log, term, position } };
  }
  return directive === null ? undefined : { kind: 'directive', directive };
}
