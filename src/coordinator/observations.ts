/**
 * Hears heartbeats, receipts and applied pools, and keeps the newest word of each server and balancer. Every replica
 * listens, so that a standby knows the fleet when it takes over; only the leader answers.
 */
import { appliedKey, emptyObserved } from '../projections/observed.ts';
import type { Observed, ObservedServer } from '../projections/observed.ts';
import { forgetSilent, withReading } from '../projections/traffic-rate.ts';
import type { Bus, BusMessage } from '../nats/bus.ts';
import type { Clock, Timer } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeMessage, messageReader } from '../wire/message.ts';
import { compareStamps } from '../../schemas/ids.ts';
import type { FleetId, GroupId, ServerId } from '../../schemas/ids.ts';
import { Applied, Beat, beatMsDefault, Receipt } from '../../schemas/receipt.ts';
import type { BeatAnswer } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';

/** What the leader wants to be told, and how it answers a heartbeat. */
export interface Listener {
  readonly answer: (beat: Beat) => BeatAnswer;
  /** `isNews`: it says of the server something else than the one before it. */
  readonly onBeat: (server: ServerId, said: { readonly isNews: boolean }) => void;
  readonly onReceipt: (server: ServerId) => void;
  readonly onBalancer: (group: GroupId) => void;
}

/** What was heard, and what was known until then of the same server or balancer. */
export type Heard =
  | { readonly kind: 'beat'; readonly server: ServerId; readonly now: Beat; readonly before: Beat | null }
  | { readonly kind: 'receipt'; readonly server: ServerId; readonly now: Receipt; readonly before: Receipt | null }
  | { readonly kind: 'applied'; readonly group: GroupId; readonly now: Applied; readonly before: Applied | null };

export interface ObservationsOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of everything taken in: for whoever follows a fleet without leading it. */
  readonly onHeard?: (heard: Heard) => void;
}

/** How late a rate may still be shown: as often as screens ask, and a pass over the servers is below a millisecond. */
const forgetEveryMs = 2_000;

const readBeat = messageReader(Beat, 'a heartbeat');
const readReceipt = messageReader(Receipt, 'a receipt');
const readApplied = messageReader(Applied, 'an applied pool');

export class Observations {
  readonly observed: Observed = emptyObserved();
  readonly #options: ObservationsOptions;
  readonly #subscriptions: { unsubscribe(): void }[] = [];
  #forgetting: Timer | undefined;
  /** Set while we lead. */
  #listener: Listener | undefined;

  constructor(options: ObservationsOptions) {
    this.#options = options;
  }

  start(): void {
    const { bus, fleet } = this.#options;
    this.#forget();
    const hear = (subject: string, take: (message: BusMessage) => void) => {
      const onMessage = (message: BusMessage) => this.#guard(message, take);
      this.#subscriptions.push(bus.subscribe({ subject, onMessage }));
    };
    hear(subjects.allBeats(fleet), (message) => this.#takeBeat(message));
    hear(subjects.allReceipts(fleet), (message) => this.#takeReceipt(message));
    hear(subjects.allApplied(fleet), (message) => this.#takeApplied(message));
  }

  stop(): void {
    this.#forgetting?.cancel();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  listen(listener: Listener | undefined): void {
    this.#listener = listener;
  }

  /** Nobody's beat tells that another's are missing. */
  #forget(): void {
    const { clock } = this.#options;
    forgetSilent(this.observed, clock.monotonic());
    this.#forgetting = clock.after(forgetEveryMs, () => this.#forget());
  }

  /** Malformed observations are told and dropped: they are level-triggered and come again. */
  #guard(message: BusMessage, take: (message: BusMessage) => void): void {
    try {
      take(message);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#options.logger.warn(
        { subject: message.subject, code: error.code, reason: error.message },
        'observation refused',
      );
    }
  }

  #takeBeat(message: BusMessage): void {
    const beat = readBeat(message.data);
    requireSubject(message.subject, subjects.beat(this.#options.fleet, beat.server));
    const observed = this.#serverOf(beat.server);
    // A draining server counts as idle only by readings taken after it heard that it drains.
    if (beat.inFlight !== undefined) countReading(observed, beat.inFlight);
    observed.unwellReadings = beat.healthy ? 0 : observed.unwellReadings + 1;
    if (observed.beat?.instance !== beat.instance) observed.idleReadings = 0;
    const before = observed.beat;
    observed.answered = this.#answeredBy(beat, before?.instance === beat.instance ? observed.answered : undefined);
    observed.beat = beat;
    observed.seenAt = this.#options.clock.now();
    this.#options.onHeard?.({ kind: 'beat', server: beat.server, now: beat, before });
    // Another's answer is not heard here.
    observed.beatMs = undefined;
    const listener = this.#listener;
    if (listener === undefined) return;
    const answer = listener.answer(beat);
    observed.beatMs = answer.beatMs ?? beatMsDefault;
    message.respond(encodeMessage(answer));
    listener.onBeat(beat.server, { isNews: isNews(before, beat) });
  }

  #answeredBy({ answered }: Beat, before: ObservedServer['answered']): ObservedServer['answered'] {
    if (answered === undefined) return undefined;
    return withReading(before, { ...answered, at: this.#options.clock.monotonic() });
  }

  #takeReceipt(message: BusMessage): void {
    const receipt = readReceipt(message.data);
    requireSubject(message.subject, subjects.receipt(this.#options.fleet, receipt.server));
    const observed = this.#serverOf(receipt.server);
    const before = observed.receipt;
    const stale =
      before !== null &&
      before.log === receipt.log &&
      before.instance === receipt.instance &&
      compareStamps(receipt, before) < 0;
    if (stale) return;
    if (receipt.serving === 'draining' && before?.serving !== 'draining') observed.idleReadings = 0;
    observed.receipt = receipt;
    observed.receiptAt = this.#options.clock.now();
    this.#options.onHeard?.({ kind: 'receipt', server: receipt.server, now: receipt, before });
    this.#listener?.onReceipt(receipt.server);
  }

  #takeApplied(message: BusMessage): void {
    const applied = readApplied(message.data);
    const { balancer, group } = applied;
    requireSubject(message.subject, subjects.applied(this.#options.fleet, balancer, group));
    const key = appliedKey(balancer, group);
    const before = this.observed.appliedByKey.get(key)?.applied ?? null;
    this.observed.appliedByKey.set(key, { applied, seenAt: this.#options.clock.now() });
    for (const { server, inFlight } of applied.inFlight) {
      const observed = this.observed.serverById.get(server);
      // A server that cannot count has its readings from those who can.
      if (observed?.beat != null && observed.beat.inFlight === undefined) countReading(observed, inFlight);
    }
    this.#options.onHeard?.({ kind: 'applied', group, now: applied, before });
    this.#listener?.onBalancer(group);
  }

  #serverOf(server: ServerId): ObservedServer {
    let observed = this.observed.serverById.get(server);
    if (observed === undefined) {
      observed = { beat: null, seenAt: 0, receipt: null, receiptAt: 0, idleReadings: 0, unwellReadings: 0 };
      this.observed.serverById.set(server, observed);
    }
    return observed;
  }
}

/** Of what gates are judged by, but for the figures of whom a canary compares. While one is unwell each beat counts. */
function isNews(before: Beat | null, now: Beat): boolean {
  if (before === null || !now.healthy) return true;
  return !before.healthy || before.log !== now.log || before.instance !== now.instance;
}

function countReading(observed: ObservedServer, inFlight: number): void {
  observed.idleReadings = inFlight === 0 ? observed.idleReadings + 1 : 0;
}

/** The subject is the identity: a body that claims another is refused. */
function requireSubject(subject: string, claimed: string): void {
  if (subject === claimed) return;
  const message = `the body is one for ${claimed} but came on ${subject}`;
  throw new Failure({ code: 'malformed', retryable: false, message });
}
