/**
 * One connection's worth of the agent: registration, heartbeats, the coordinator's word and receipts on one bus.
 * The bus reconnects by itself, so a session lasts until the agent stops.
 */
import type { Address, CommandId, FleetId, Labels, LogId, ProjectId, ServerId } from '../../schemas/ids.ts';
import { type Beat, type BeatAnswer, beatMsDefault } from '../../schemas/receipt.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Applier } from './applier.ts';
import { Beats } from './beats.ts';
import type { Driver } from './driver.ts';
import { Follower } from './follower.ts';
import type { HeldOnDisk } from './holdings.ts';
import { directiveStamp } from './intake.ts';
import type { Receipts } from './receipts.ts';
import { register } from './registration.ts';
import { type DrainEnd, drainItself } from './self-drain.ts';

export interface SessionOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly server: ServerId;
  readonly instance: string;
  readonly address: Address;
  readonly labels?: Labels;
  readonly agent: string;
  /** Undefined: as the leader says. */
  readonly beatIntervalMs: number | undefined;
  readonly holdings: HeldOnDisk;
  readonly applier: Applier;
  readonly driver: Driver;
  readonly receipts: Receipts;
  readonly newId: () => CommandId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Of a server that fetches one bundle after another, at most so often beside its regular heartbeats. */
const fetchToldEveryMs = 200;
const zero = { term: 0, position: 0 };

export class Session {
  readonly #options: SessionOptions;
  readonly #beats: Beats;
  readonly #follower: Follower;
  /** Ends a registration under way, and keeps any other from beginning. */
  readonly #leaving = new AbortController();
  /** When a heartbeat was last answered, by the monotonic clock. */
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Heartbeats in a row with nothing in flight, as far as is known, that a leader answered who knows that we drain. */
  #idleBeats = 0;
  #registering: Promise<void> | undefined;
  /** Whether the fleet holds this process's address: another one may have been there before. */
  #isRegistered = false;
  #isRetired = false;
  /** When a heartbeat was last hurried for a bundle, by the monotonic clock. */
  #fetchToldAt = Number.NEGATIVE_INFINITY;
  /** Projects whose requests the last answer asked to be counted in the next heartbeat. */
  #watched: ReadonlySet<ProjectId> = new Set();
  /** How often the leader would hear from us, as the last answer said. */
  #askedBeatMs = beatMsDefault;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { holdings, applier } = options;
    this.#follower = new Follower({ ...options, want: (target) => applier.want(target) });
    this.#beats = new Beats({
      ...options,
      intervalMs: () => this.#beatMs,
      read: () => this.#readBeat(),
      isDraining: () => this.#leaving.signal.aborted || (this.#isDraining && holdings.value.held.length > 0),
      onAnswer: (answer, beat) => this.#takeAnswer(answer, beat),
    });
  }

  /** Resolves soon after the signal has fired. */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, applier, receipts } = this.#options;
    const refresh = () => {
      receipts.send();
      // What could not be fetched before may be fetched now.
      applier.hurry();
      this.#beats.hurry();
    };
    this.#follower.start();
    receipts.connect(bus);
    applier.hurry();
    const unlisten = bus.onConnection((status) => {
      if (status === 'connected') refresh();
    });
    await this.#beats.run(signal);
    unlisten();
    this.#leaving.abort();
    await this.#registering;
    await this.#follower.stop();
  }

  /** What a heartbeat says has changed: the fleet shall hear of it at once. */
  hurry(): void {
    this.#beats.hurry();
  }

  /** A bundle came: told soon, but not each of many that come at once. */
  fetched(): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#fetchToldAt < fetchToldEveryMs) return;
    this.#fetchToldAt = now;
    this.#beats.hurry();
  }

  /** Has the fleet drain this server before it stops; beats often meanwhile. Rejects with `aborted` alone. */
  leave({ timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<DrainEnd> {
    // A registration would put it back.
    this.#leaving.abort();
    this.#beats.hurry();
    // In no group nobody sends to it.
    if ((this.#options.holdings.value.assignment?.group ?? null) === null) return Promise.resolve('unaided');
    return drainItself({
      ...this.#options,
      id: this.#options.newId(),
      isDraining: () => this.#isDraining,
      idleBeats: () => this.#idleBeats,
      answeredAt: () => this.#answeredAt,
      beatMs: this.#beatMs,
      timeoutMs,
      signal,
    });
  }

  get #beatMs(): number {
    return this.#options.beatIntervalMs ?? this.#askedBeatMs;
  }

  /** As the last directive carried out says. */
  get #isDraining(): boolean {
    return this.#options.holdings.value.serving === 'draining';
  }

  #readBeat(): Beat {
    const { server, instance, address, agent, holdings, driver, applier } = this.#options;
    const { log, assignment, directive } = holdings.value;
    const { term, position } = directiveStamp({ log, assignment, directive });
    const inFlight = driver.inFlight();
    const answered = driver.answered?.();
    return {
      server,
      instance,
      assignment: assignment === null ? zero : { term: assignment.term, position: assignment.position },
      directive: { term, position },
      healthy: applier.healthy,
      ...(log === null ? {} : { log }),
      ...(inFlight === undefined ? {} : { inFlight }),
      ...(applier.sync === undefined ? {} : { sync: applier.sync }),
      ...(applier.problem === undefined ? {} : { problem: applier.problem }),
      ...(answered === undefined ? {} : { answered }),
      ...this.#watchedTraffic(),
      ...(this.#isRegistered ? {} : { registers: { address, agent } }),
    };
  }

  /** Only of what a rollout compares just now: a thousand projects would make each heartbeat a heavy one. */
  #watchedTraffic(): Pick<Beat, 'traffic'> {
    if (this.#watched.size === 0) return {};
    const traffic = this.#options.driver.traffic?.();
    return traffic === undefined ? {} : { traffic: traffic.filter(({ project }) => this.#watched.has(project)) };
  }

  #takeAnswer(answer: BeatAnswer, beat: Beat): void {
    const { holdings, receipts, logger, clock } = this.#options;
    if (!this.#follower.takeAnswer(answer)) return;
    this.#answeredAt = clock.monotonic();
    this.#watched = new Set(answer.watch);
    this.#askedBeatMs = answer.beatMs ?? beatMsDefault;
    // Where nobody here can count, the fleet says when it is out: by its balancers' counts, or at its deadline.
    const isEmpty = beat.inFlight === undefined ? answer.drained === true : beat.inFlight === 0;
    const isIdle = this.#isDraining && receipts.isKnown(answer) && isEmpty;
    this.#idleBeats = isIdle ? this.#idleBeats + 1 : 0;
    const isOurs = holdings.value.registeredUnder === answer.log;
    const isRetired = !answer.known && isOurs;
    if (isRetired && !this.#isRetired) {
      logger.warn({ log: answer.log }, 'this server was retired: it does not register again by itself');
    }
    this.#isRetired = isRetired;
    if (isRetired) return;
    // The first answer is what starts a registration: it says that somebody is there to take it, and whether this
    // server was retired, for then it does not come back by a restart. A fleet that holds just what would be registered
    // needs no command, which would stand in its log at every start; one that drained itself to stop is not put back
    // without.
    const isRegistered = answer.registered ?? (isOurs && this.#isRegistered);
    if (!answer.known || !isRegistered) this.#register();
    else if (!isOurs || !this.#isRegistered) this.#noteRegistration(answer.log);
    receipts.answer(answer);
  }

  #register(): void {
    const { signal } = this.#leaving;
    if (signal.aborted) return;
    this.#whileRegistering(() => register({ ...this.#options, signal }));
  }

  #noteRegistration(log: LogId): void {
    this.#whileRegistering(() => Promise.resolve(log));
  }

  /** One at a time; holds the log the fleet named. */
  #whileRegistering(registration: () => Promise<LogId>): void {
    this.#registering ??= registration()
      .then(async (log) => {
        this.#isRegistered = true;
        await this.#options.holdings.update({ registeredUnder: log });
        this.#beats.hurry();
      })
      .catch((error: unknown) => {
        const { code, message } = Failure.from(error, { code: 'io', retryable: true, message: 'registering' });
        if (code !== 'aborted')
          this.#options.logger.error({ code, reason: message }, 'could not note the registration');
      })
      .finally(() => {
        this.#registering = undefined;
      });
  }
}
