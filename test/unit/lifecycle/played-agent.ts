/** A gateway's agent, played: takes in what stands published when it is its turn, applies it, and says what holds. */
import type { Observed } from '../../../src/projections/observed.ts';
import type { Assignment, Directive, HeldProject } from '../../../schemas/directive.ts';
import { compareStamps } from '../../../schemas/ids.ts';
import type { LogId, ServerId } from '../../../schemas/ids.ts';
import type { Receipt } from '../../../schemas/receipt.ts';

/** A version no gateway can apply. */
export const badVersion = 'bad';
/** Tries of one directive before an agent gives up. */
const triesMax = 3;

export interface Published {
  readonly assignmentByServer: Map<string, Assignment>;
  /** Keyed by `<group>/<server>`. */
  readonly directiveByKey: Map<string, Directive>;
}

export class PlayedAgent {
  readonly id: ServerId;
  instance = 1;
  /** It neither acts nor is heard. */
  isSilent = false;
  isSick = false;
  inFlight = 0;
  /** A version this gateway alone cannot apply. */
  refuses: string | null = null;
  held: HeldProject[] = [];
  assignment: Assignment | null = null;
  directive: Directive | null = null;
  /** Every proof it ever sent, for whoever checks admissions. */
  readonly receipts: Receipt[] = [];
  #tries = 0;

  constructor(id: ServerId) {
    this.id = id;
  }

  /** Looks at what stands, applies it, sends its receipt. */
  act(published: Published, observed: Observed, now: number): void {
    if (this.isSilent) return;
    const assignment = published.assignmentByServer.get(this.id);
    if (assignment !== undefined && isNewer(assignment, this.assignment)) {
      if (assignment.group !== this.assignment?.group) this.directive = null;
      this.assignment = assignment;
    }
    if (this.assignment === null) return;
    if (this.assignment.group === null) {
      [this.held, this.inFlight] = [[], 0];
      return;
    }
    const directive = published.directiveByKey.get(`${this.assignment.group}/${this.id}`);
    if (directive === undefined) return;
    if (isNewer(directive, this.directive)) [this.directive, this.#tries] = [directive, 0];
    this.#apply(observed, now);
  }

  beat(observed: Observed, now: number): void {
    if (this.isSilent) return;
    const seen = this.#seenIn(observed);
    const stamp = { term: 0, position: 0 };
    if (seen.beat?.instance !== this.#instanceName()) seen.idleReadings = 0;
    seen.beat = {
      server: this.id,
      instance: this.#instanceName(),
      assignment: stamp,
      directive: stamp,
      inFlight: this.inFlight,
      healthy: !this.isSick,
    };
    seen.idleReadings = this.inFlight === 0 ? seen.idleReadings + 1 : 0;
    seen.unwellReadings = this.isSick ? seen.unwellReadings + 1 : 0;
    seen.seenAt = now;
  }

  canApply(version: string): boolean {
    return version !== badVersion && version !== this.refuses;
  }

  /** A new process: what it held stands on its disk. */
  restart(): void {
    this.instance += 1;
    [this.inFlight, this.isSilent, this.isSick, this.directive] = [0, false, false, null];
  }

  #apply(observed: Observed, now: number): void {
    const { directive } = this;
    if (directive === null) return;
    if (directive.serving === 'draining') this.inFlight = 0;
    const good = directive.projects.filter(({ version }) => this.canApply(version));
    const failures = directive.projects
      .filter(({ version }) => !this.canApply(version))
      .map(({ project, version }) => ({ project, version, text: 'it does not start' }));
    // A project that cannot be applied stays at the version it had.
    const kept = this.held.filter(({ project }) => failures.some((failure) => failure.project === project));
    this.held = [...good.map(({ project, version }) => ({ project, version })), ...kept];
    this.#tries += failures.length === 0 ? 0 : 1;
    const { log, term, position, serving } = directive;
    const retries = failures.length > 0 && this.#tries < triesMax;
    const instance = this.#instanceName();
    const proof = { log, term, position, serving, server: this.id, instance, projects: this.held, failures };
    this.#send({ ...proof, ...(retries ? { retryAt: now + 1_000 } : {}) }, observed, now);
  }

  #send(receipt: Receipt, observed: Observed, now: number): void {
    const seen = this.#seenIn(observed);
    if (receipt.serving === 'draining' && seen.receipt?.serving !== 'draining') seen.idleReadings = 0;
    [seen.receipt, seen.receiptAt] = [receipt, now];
    this.receipts.push(receipt);
  }

  #instanceName(): string {
    return `${this.id}-${this.instance}`;
  }

  #seenIn(observed: Observed) {
    let seen = observed.serverById.get(this.id);
    if (seen === undefined) {
      seen = { beat: null, seenAt: 0, receipt: null, receiptAt: 0, idleReadings: 0, unwellReadings: 0 };
      observed.serverById.set(this.id, seen);
    }
    return seen;
  }
}

interface Stamped {
  readonly log: LogId;
  readonly term: number;
  readonly position: number;
}

function isNewer(a: Stamped, b: Stamped | null): boolean {
  return b === null || compareStamps(a, b) > 0;
}
