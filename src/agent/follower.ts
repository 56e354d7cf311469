/**
 * Follows the coordinator's word: assignments and the directives of the present group. Core subscriptions bring it
 * fast, heartbeats' answers and direct get bring it surely: a message lost is made good within a beat.
 *
 * Promises: nothing it is told makes it throw; what is older than what it holds is refused, and so is another log
 * until the answer to a heartbeat says that the fleet has one.
 */
import type { z } from 'zod';
import { Assignment, Directive } from '../../schemas/directive.ts';
import type { FleetId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import type { BeatAnswer } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import { streamNames } from '../nats/stream-definitions.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeMessage } from '../wire/message.ts';
import type { Target } from './applier.ts';
import type { HeldOnDisk } from './holdings.ts';
import { findLag, judgeAssignment, judgeDirective, type Known } from './intake.ts';

export interface FollowerOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly server: ServerId;
  readonly holdings: HeldOnDisk;
  readonly want: (target: Target) => void;
  readonly logger: Logger;
}

/** Direct get answers within milliseconds; a cluster that elects takes seconds. */
const getTimeoutMs = 5_000;

export class Follower {
  readonly #options: FollowerOptions;
  /** The newest directive taken in, applied or not. */
  #directive: Directive | null;
  /** The subscription on the present group, and which group that is. */
  #following: { readonly group: GroupId; readonly subscription: { unsubscribe(): void } } | undefined;
  #assignments: { unsubscribe(): void } | undefined;
  #catchingUp: Promise<void> | undefined;
  /** The highest term an answer came from: a leader of the past is not believed. */
  #term = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#directive = options.holdings.value.directive;
  }

  start(): void {
    const { fleet, server } = this.#options;
    this.#assignments = this.#listen(subjects.assignment(fleet, server), (data) => this.#takeAssignment(data));
    this.#follow();
  }

  async stop(): Promise<void> {
    this.#assignments?.unsubscribe();
    this.#following?.subscription.unsubscribe();
    await this.#catchingUp;
  }

  /** False: the answer came from a leader of the past and says nothing. */
  takeAnswer(answer: BeatAnswer): boolean {
    const { log } = this.#options.holdings.value;
    if (log === answer.log && answer.term < this.#term) return false;
    if (log !== answer.log) this.#changeLog(log, answer.log);
    this.#term = answer.term;
    const lag = findLag(this.#known(), answer);
    if (lag.assignment) this.#catchUp(() => this.#fetchAssignment());
    else if (lag.directive) this.#catchUp(() => this.#fetchDirective());
    return true;
  }

  /** What is held goes on being served until the new fleet says otherwise. */
  #changeLog(before: LogId | null, log: LogId): void {
    const { logger } = this.#options;
    if (before !== null)
      logger.warn({ before, log }, 'ANOTHER LOG: a new fleet answers, and its word counts from now on');
    this.#directive = null;
    this.#save({ log, assignment: null, directive: null });
    this.#follow();
  }

  #known(): Known {
    const { log, assignment } = this.#options.holdings.value;
    return { log, assignment, directive: this.#directive };
  }

  /** One at a time: what it misses, the next answer to a heartbeat asks for again. */
  #catchUp(fetch: () => Promise<void>): void {
    this.#catchingUp ??= fetch()
      .catch((error: unknown) => {
        const { code, message } = Failure.from(error, { code: 'io', retryable: true, message: 'catching up' });
        this.#options.logger.warn({ code, reason: message }, 'could not catch up; trying again with the next beat');
      })
      .finally(() => {
        this.#catchingUp = undefined;
      });
  }

  async #fetchAssignment(): Promise<void> {
    const { fleet, server } = this.#options;
    const data = await this.#getLast(subjects.assignment(fleet, server));
    if (data !== undefined) this.#takeAssignment(data);
    await this.#fetchDirective();
  }

  async #fetchDirective(): Promise<void> {
    const { fleet, server, holdings } = this.#options;
    const group = holdings.value.assignment?.group ?? null;
    if (group === null) return;
    const data = await this.#getLast(subjects.directive(fleet, group, server));
    if (data !== undefined) this.#takeDirective(data);
  }

  async #getLast(subject: string): Promise<Uint8Array | undefined> {
    const { bus, fleet } = this.#options;
    const stored = await bus.get({ stream: streamNames(fleet).groups, lastOf: subject }, 'any', getTimeoutMs);
    return stored?.data;
  }

  #takeAssignment(data: Uint8Array): void {
    const assignment = this.#decode(Assignment, data, 'an assignment');
    if (assignment === undefined || judgeAssignment(this.#known(), assignment) !== 'news') return;
    const { want, logger } = this.#options;
    const { log, term, position, group } = assignment;
    const before = this.#known().assignment?.group ?? null;
    logger.info({ group, before, position }, group === null ? 'in no group any more' : 'assigned to a group');
    this.#save({ assignment: { term, position, group } });
    this.#follow();
    if (group === null) {
      this.#directive = null;
      want({ kind: 'nothing', stamp: { log, term, position } });
      return;
    }
    // Its directive was published before the assignment, when nobody followed it here.
    this.#catchUp(() => this.#fetchDirective());
  }

  #takeDirective(data: Uint8Array): void {
    const directive = this.#decode(Directive, data, 'a directive');
    if (directive === undefined || judgeDirective(this.#known(), directive) !== 'news') return;
    this.#directive = directive;
    this.#options.want({ kind: 'directive', directive });
  }

  /** Undefined of a tombstone: it says only that nobody needs the last value any more. */
  #decode<T extends { readonly server: ServerId }>(
    schema: z.ZodType<T>,
    data: Uint8Array,
    what: string,
  ): T | undefined {
    if (data.length === 0) return undefined;
    const value = decodeMessage(schema, data, what);
    if (value.server === this.#options.server) return value;
    throw new Failure({ code: 'malformed', retryable: false, message: `${what} for ${value.server} came here` });
  }

  /** Follows the directives of the present group, and of no other. */
  #follow(): void {
    const { fleet, server, holdings } = this.#options;
    const group = holdings.value.assignment?.group ?? null;
    if (this.#following !== undefined && this.#following.group === group) return;
    this.#following?.subscription.unsubscribe();
    this.#following = undefined;
    if (group === null) return;
    const subscription = this.#listen(subjects.directive(fleet, group, server), (data) => this.#takeDirective(data));
    this.#following = { group, subscription };
  }

  #listen(subject: string, take: (data: Uint8Array) => void): { unsubscribe(): void } {
    const { bus, logger } = this.#options;
    return bus.subscribe({
      subject,
      onMessage: ({ data }) => {
        try {
          take(data);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          logger.warn({ subject, code: error.code, reason: error.message }, 'a message was refused');
        }
      },
    });
  }

  #save(changes: Parameters<HeldOnDisk['update']>[0]): void {
    this.#options.holdings.update(changes).catch((error: unknown) => {
      const { code, message } = Failure.from(error, { code: 'io', retryable: true, message: 'the disk' });
      this.#options.logger.error({ code, reason: message }, 'could not write down what is held');
    });
  }
}
