/**
 * One reign: from the acknowledged `coordinator.elected` to the failure, hand-over or stop that ends it. Assembles
 * what a leader runs and connects it: acknowledged events go to the fold, then to the feed, the machines, the pools
 * and the status; nothing else may publish.
 *
 * The caller's duties: hand over a writer whose elected record is acknowledged, and a fold that has reached it.
 */
import { affects } from '../domain/affects.ts';
import { isRejection, type Proposal } from '../domain/propose.ts';
import type { FleetState } from '../domain/state.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { LogWriter } from '../eventlog/log-writer.ts';
import type { Bus } from '../nats/bus.ts';
import type { StreamNames } from '../nats/stream-definitions.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { looksAtFigures } from '../rollout/figures.ts';
import { concernedMembers } from '../server-machine/concerned.ts';
import { assert, Failure } from '../std/failure.ts';
import { Lifecycle } from '../std/lifecycle.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeMessage } from '../wire/message.ts';
import { entryHash } from '../wire/pool-digest.ts';
import type { Event } from '../../schemas/events.ts';
import { type FleetId, type GroupId, type LogId, type ServerId, Stamp, type Term } from '../../schemas/ids.ts';
import { poolSchemaOf } from '../../schemas/pool.ts';
import type { Watermark } from '../../schemas/record.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { LeaderBeat } from '../../schemas/coordinators.ts';
import { BalancerWatch } from './balancer-watch.ts';
import { answerBeat } from './beat-answer.ts';
import { Checkpoints, type Signer } from './checkpoints.ts';
import { Commands } from './commands.ts';
import type { Deciding } from './deciding.ts';
import { EventTexts } from './event-texts.ts';
import { createExecutors } from './executors.ts';
import { FeedPublisher } from './feed-publisher.ts';
import { Hearing } from './hearing.ts';
import { LastValues } from './last-values.ts';
import type { LeaderWatch } from './leader-watch.ts';
import { overtakes } from './leader-watch.ts';
import type { Observations } from './observations.ts';
import { PoolPublishers } from './pool-publishers.ts';
import { Reconciler } from './reconciler.ts';
import { type Standing, wheneverBack } from './standing.ts';
import { StatusPublisher } from './status-publisher.ts';
import type { Timing } from './timing.ts';

export interface ReignOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly names: StreamNames;
  readonly instance: string;
  readonly log: LogPort;
  readonly writer: LogWriter;
  readonly deciding: Deciding;
  /** The acknowledged state, folded by the caller before `acknowledged` is called. */
  readonly state: FleetState;
  readonly cursor: () => ChainCursor;
  readonly observations: Observations;
  readonly watch: LeaderWatch;
  readonly standing: Standing;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: Timing;
  readonly logger: Logger;
  /** Undefined: the log is not signed while we lead. */
  readonly signer: Signer | undefined;
  /** Told now and then, for the high mark and the snapshots. */
  readonly housekeeping: () => Promise<void>;
}

export class Reign {
  /** Resolves with what ended the reign; never rejects. */
  readonly ended: Promise<Failure>;
  readonly #options: ReignOptions;
  readonly #lifecycle: Lifecycle;
  readonly #id: LogId;
  readonly #term: Term;
  readonly #groups: LastValues;
  readonly #pools: LastValues;
  readonly #commands: Commands;
  readonly #feed: FeedPublisher;
  readonly #hearing: Hearing;
  readonly #reconciler: Reconciler;
  readonly #status: StatusPublisher;
  readonly #poolPublishers: PoolPublishers;
  readonly #checkpoints: Checkpoints;
  /**
   * The watermark when the house was last kept. What was consumed since stays: a log that went back by moments can have it
   * decided again, and a standby that has yet to fold those moments still finds its own watermark.
   */
  #consumedBefore = 0;
  #end: (failure: Failure) => void = () => undefined;

  constructor(options: ReignOptions) {
    const { bus, fleet, names, log, state, observations, clock, random, timing, logger } = options;
    this.#options = options;
    assert(state.log !== null, 'a leader has folded its own election');
    this.#id = state.log;
    this.#term = state.term;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const onError = (what: string, error: unknown) => this.#failed(what, error);
    this.#lifecycle = new Lifecycle({ clock, stopTimeoutMs: timing.storeTimeoutMs, onError });
    const signal = this.#lifecycle.signal;
    const shared = { bus, clock, random, storeTimeoutMs: timing.storeTimeoutMs, signal };
    const last = { ...shared, term: this.#term, onForeign: (subject: string) => this.#foreign(subject) };
    this.#groups = new LastValues({ ...last, stream: names.groups, schemaOf: () => Stamp });
    this.#pools = new LastValues({ ...last, stream: names.pools, schemaOf: poolSchemaOf, hashOf: entryHash });
    const texts = new EventTexts();
    const { deciding, signer, cursor } = options;
    const track = (what: string, work: Promise<void>) => this.#lifecycle.track(what, work);
    const hearing = new Hearing({ bus, clock });
    this.#hearing = hearing;
    const isHearing = () => hearing.isCurrent;
    this.#commands = new Commands({ ...options, id: this.#id, term: this.#term, texts, isHearing, signal, track });
    this.#feed = new FeedPublisher({
      ...shared,
      fleet,
      stream: names.feed,
      log,
      state,
      cursor,
      texts,
      patienceMs: timing.regressPatienceMs,
      onError: (error) => onError('publishing the feed', error),
    });
    const propose = (proposal: Proposal) => this.#propose(proposal);
    const execute = createExecutors({ fleet, log: this.#id, term: this.#term, state, groups: this.#groups, propose });
    const observed = observations.observed;
    this.#reconciler = new Reconciler({
      hearing: this.#hearing,
      state,
      observed,
      execute,
      propose,
      clock,
      random,
      track,
      onError: (error) => onError('reconciling', error),
    });
    this.#status = new StatusPublisher({
      ...shared,
      fleet,
      state,
      observed,
      groups: this.#groups,
      term: this.#term,
      intervalMs: timing.statusIntervalMs,
      onError: (error) => onError('publishing a status', error),
    });
    this.#poolPublishers = new PoolPublishers({
      ...shared,
      fleet,
      state,
      observed,
      pools: this.#pools,
      term: this.#term,
      onPublished: (group) => this.#status.touch(group),
      onError: (error) => onError('publishing a pool', error),
    });
    const fits = (proposal: Proposal) => !signal.aborted && !isRejection(deciding.propose(proposal));
    this.#checkpoints = new Checkpoints({ signer, state, cursor, propose: fits, clock, timing, logger });
    logger.info({ term: this.#term, position: state.position }, 'leading');
  }

  /** Loads what was published, then begins to act. Resolves when commands are being taken. */
  async start(): Promise<void> {
    const { bus, fleet, state, writer, watch, observations, clock, random, timing } = this.#options;
    const { track, signal } = this.#tracking();
    void writer.ended.then((failure) => this.#end(failure));
    watch.onBeat((beat) => {
      if (overtakes(beat, this.#term)) this.#end(deposed(beat));
    });
    this.#lifecycle.onStop('leader beats', () => watch.onBeat(undefined));
    // First of all: those standing by must not take reading what was published for silence.
    this.#announce();
    const loaded = await Promise.all([this.#groups.load(), this.#pools.load()]);
    for (const { following } of loaded) track('following what is published', following);
    const look = () => this.#lookAtPublished();
    const onError = (error: unknown) => this.#failed('looking at what is published', error);
    const looking = wheneverBack({ bus, clock, random, look, onError });
    this.#lifecycle.onStop('looking at what is published', () => looking.stop());
    const sources = { fleet, log: this.#id, term: this.#term, state, observed: observations.observed };
    observations.listen({
      answer: (beat) => answerBeat(beat, { ...sources, groups: this.#groups }),
      onBeat: (server, { isNews }) => this.#heardBeat(server, isNews),
      onReceipt: (server) => this.#heardReceipt(server),
      onBalancer: (group) => this.#heardBalancer(group),
    });
    this.#lifecycle.onStop('observations', () => observations.listen(undefined));
    this.#reconcileAll();
    this.#checkpoints.begin();
    this.#commands.begin();
    this.#lifecycle.onStop('commands', () => this.#commands.close());
    const hearing = this.#hearing;
    const propose = (proposal: Proposal) => this.#propose(proposal);
    track('hearing', hearing.run(signal));
    const balancers = new BalancerWatch({ state, observed: observations.observed, hearing, clock, propose });
    track(
      'watching balancers',
      this.#every(timing.leaderBeatMs, signal, async () => balancers.look()),
    );
    track(
      'housekeeping',
      this.#every(timing.housekeepingMs, signal, () => this.#keepHouse()),
    );
  }

  /** Called after the fold, with what one acknowledged record held. */
  acknowledged(events: readonly Event[]): void {
    assert(this.#options.state.term === this.#term, 'a reign folds no other term');
    this.#feed.offer(events);
    for (const event of events) this.#touch(event);
    this.#checkpoints.acknowledged(events);
    this.#commands.acknowledged();
  }

  /** The last command of COMMANDS that was decided: it may be on its way into the log. */
  get taken(): Watermark {
    return this.#commands.taken;
  }

  /** The log would name a command that is not there: whoever leads next begins where the log did read it. */
  takenIsGone({ message }: Failure): void {
    this.#end(new Failure({ code: 'unavailable', retryable: true, message: `what was taken is gone: ${message}` }));
  }

  /** Ends the reign: what is decided is made durable within the deadline, then nothing more is said. */
  async stop(reason: 'hand-over' | 'deposed'): Promise<void> {
    const { writer, clock, timing, bus } = this.#options;
    const stopping = this.#lifecycle.stop();
    await Promise.all([this.#reconciler.stop(), this.#feed.stop(), this.#status.stop(), this.#poolPublishers.stop()]);
    await stopping;
    if (reason === 'hand-over') {
      // What is still in flight after this is settled by whoever leads next.
      await Promise.race([writer.drained(), writer.ended, pause({ clock, delayMs: timing.appendTimeoutMs })]);
      this.#sendBeat(true);
      await bus.flush();
    }
    await writer.stop();
    this.#commands.giveUp();
  }

  #tracking() {
    const track = (what: string, work: Promise<void>) => this.#lifecycle.track(what, work);
    return { track, signal: this.#lifecycle.signal };
  }

  /** A server may come back from a power cut with less: the next reign reads what is left, and publishes what is missing. */
  async #lookAtPublished(): Promise<void> {
    for (const missing of await Promise.all([this.#groups.missing(), this.#pools.missing()]))
      if (missing !== undefined) this.#end(missing);
  }

  /** Says that somebody leads, and answers whoever asks. */
  #announce(): void {
    const { bus, fleet, timing } = this.#options;
    const { track, signal } = this.#tracking();
    const leader = bus.subscribe({
      subject: subjects.leader(fleet),
      onMessage: (message) => void message.respond(encodeMessage(this.#beat(false))),
    });
    this.#lifecycle.onStop('being asked who leads', () => leader.unsubscribe());
    track(
      'beating',
      this.#every(timing.leaderBeatMs, signal, async () => this.#sendBeat(false)),
    );
  }

  #touch(event: Event): void {
    const { state } = this.#options;
    // Labels and weight are the pool's business: the machine has nothing to say about them.
    const concernsMachine = event.type !== 'server.configured';
    for (const concern of affects(event, state)) {
      if (concern.kind === 'server' && concernsMachine) this.#reconciler.touch(concern.id as ServerId);
      if (concern.kind === 'group') {
        const group = concern.id as GroupId;
        // What is touched first is looked at first: traffic waits for a pool, and for nothing else that follows here.
        this.#poolPublishers.touch(group);
        for (const member of concernedMembers(state, group, event)) this.#reconciler.touch(member);
        this.#reconciler.touchGroup(group);
        this.#status.touch(group);
      }
    }
    if (event.type === 'server.registered' || event.type === 'server.configured') {
      const member = state.serverById.get(event.data.server)?.member;
      if (member != null) this.#poolPublishers.touch(member.group);
    }
    if (event.type === 'balancer.registered' || event.type === 'balancer.retired') this.#reconcileAll();
  }

  #reconcileAll(): void {
    const { state } = this.#options;
    this.#reconciler.touchAll();
    for (const group of state.groupById.keys()) {
      this.#poolPublishers.check(group);
      this.#status.touch(group);
    }
    this.#feed.offer([]);
  }

  /** Beats are many: only those that something hangs on make us look. A lease has its own time to be looked at. */
  #heardBeat(id: ServerId, isNews: boolean): void {
    const { state } = this.#options;
    const server = state.serverById.get(id);
    if (server === undefined) return;
    // A receipt may come before the first beat of its instance, and proves nothing until then.
    if (isNews || server.lost !== null || server.member?.drain != null) this.#reconciler.touch(id);
    // A rollout's gates are judged by what heartbeats say: a plan looks at the whole group, so not for each of them.
    const group = server.member === null ? undefined : state.groupById.get(server.member.group);
    if (group === undefined || group.rolloutById.size === 0) return;
    if (isNews || [...group.rolloutById.values()].some(looksAtFigures)) this.#reconciler.touchGroup(group.id);
  }

  #heardReceipt(id: ServerId): void {
    this.#reconciler.touch(id);
    const member = this.#options.state.serverById.get(id)?.member;
    if (member != null) this.#status.touch(member.group);
  }

  /** What the head has moved past is dropped: whoever proposed it looks again when that is acknowledged. */
  #propose(proposal: Proposal): void {
    if (!this.#lifecycle.signal.aborted) this.#options.deciding.propose(proposal);
  }

  #heardBalancer(group: GroupId): void {
    const { state } = this.#options;
    for (const server of state.groupById.get(group)?.servers ?? []) {
      if (state.serverById.get(server)?.member?.drain != null) this.#reconciler.touch(server);
    }
    this.#status.touch(group);
    this.#lifecycle.track('purging tombstones', this.#poolPublishers.purgeTombstones(group));
  }

  /** Somebody else's value stands where ours should: look again at what it is about, and write ours over it. */
  #foreign(subject: string): void {
    this.#options.logger.warn({ subject }, 'a value that is not ours was found');
    this.#reconcileAll();
  }

  #beat(leaving: boolean): LeaderBeat {
    const { instance, state } = this.#options;
    return { log: this.#id, term: this.#term, position: state.position, instance, leaving };
  }

  #sendBeat(leaving: boolean): void {
    const { bus, fleet } = this.#options;
    try {
      bus.publish({ subject: subjects.leaderBeat(fleet), data: encodeMessage(this.#beat(leaving)) });
    } catch (error) {
      // Disconnected: standbys hear silence, which is the truth.
      if (!(error instanceof Failure)) throw error;
    }
  }

  async #keepHouse(): Promise<void> {
    const { bus, names, cursor, housekeeping } = this.#options;
    this.#checkpoints.look();
    const belowSequence = this.#consumedBefore;
    this.#consumedBefore = cursor().watermark.sequence;
    if (belowSequence > 1) await bus.purge({ stream: names.commands, belowSequence });
    await housekeeping();
  }

  async #every(delayMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await work().catch((error: unknown) => this.#failed('periodic work', error));
      await pause({ clock: this.#options.clock, delayMs, signal });
    }
  }

  /** A failure of one piece of work: retryable ones come again by themselves, the rest end the reign. */
  #failed(what: string, error: unknown): void {
    if (this.#lifecycle.signal.aborted) return;
    if (!(error instanceof Failure)) throw error;
    this.#options.logger.warn({ what, code: error.code, reason: error.message }, 'work failed');
    if (!error.retryable && error.code !== 'aborted') this.#end(error);
  }
}

function deposed(beat: LeaderBeat): Failure {
  const message = `${beat.instance} leads in term ${beat.term}`;
  return new Failure({ code: 'not-leader', retryable: true, message });
}
