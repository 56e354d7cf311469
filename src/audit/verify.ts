/**
 * Proves a log, live or exported: that it is whole in itself (hash chain, terms, sequences, positions, every event by
 * its schema), that it is what was signed (checkpoints in it, the manifest of an export), and that what is derived
 * from it follows from it (snapshots, a running coordinator). Says where it is wrong first, and how.
 *
 * Promises: one pass, memory that does not grow with the log; a log that is wrong is a value, not a failure. Must not
 * know: who wrote the log. Duties of the caller: the public key comes from elsewhere than the log; without one,
 * nothing is proven but that the log is whole in itself, and the verdict says so.
 */
import type { LogId, Position } from '../../schemas/ids.ts';
import { evolve } from '../domain/evolve.ts';
import { emptyState } from '../domain/fleet-state.ts';
import { type ChainCursor, emptyCursor } from '../eventlog/chain.ts';
import type { ObjectBucket } from '../nats/bus.ts';
import type { PublicKey } from '../proof/keys.ts';
import { checkClosing } from './closing-check.ts';
import { CoordinatorCheck, type CoordinatorAnswer } from './coordinator-check.ts';
import { diagnose, unlikeItself } from './diagnose.ts';
import type { Finding } from './finding.ts';
import { followIn } from './linked.ts';
import type { Closing, Item, LogSource, RecordItem } from './log-source.ts';
import { Marks } from './marks.ts';
import { type ProgressOptions, progressTeller } from './progress.ts';
import { SnapshotCheck, type SnapshotsChecked } from './snapshot-check.ts';
import { Trust } from './trust.ts';

export interface VerifyOptions {
  /** Whom to believe: the leader's public key, now or at any time before. */
  readonly key?: PublicKey;
  /** To compare with the fold. */
  readonly snapshots?: Pick<ObjectBucket, 'get' | 'list'>;
  /** Taken before this call. */
  readonly answers?: readonly CoordinatorAnswer[];
  readonly progress?: ProgressOptions;
  readonly signal: AbortSignal;
}

export interface Verdict {
  readonly status: 'whole' | 'wrong';
  /** The first that is wrong. */
  readonly finding?: Finding;
  readonly log: LogId | null;
  /** Read and found right. */
  readonly records: number;
  readonly last: Position;
  readonly term: number;
  /** SHA-256 of the last record, hex. */
  readonly lastHash: string;
  /** Sequences of records of a closed term: with the fence intact there are none. The first few. */
  readonly voids: readonly number[];
  /** By whose signature, and up to which position, where what is wrong begins behind it; null: by nobody's that is trusted. */
  readonly proven: { readonly by: 'manifest' | 'checkpoints'; readonly through: Position } | null;
  readonly checkpoints: number;
  readonly snapshots: SnapshotsChecked | null;
  readonly coordinator: { readonly equal: number; readonly ahead: number } | null;
}

const voidsMax = 20;

export async function verify(source: LogSource, options: VerifyOptions): Promise<Verdict> {
  const { snapshots, answers } = options;
  const walk = new Walk(source, options, {
    snapshots: snapshots === undefined ? undefined : await SnapshotCheck.open(snapshots),
    coordinator: answers === undefined ? undefined : new CoordinatorCheck(answers),
  });
  const items = source.read({ fromSequence: 1, signal: options.signal })[Symbol.asyncIterator]();
  try {
    for (let step = await items.next(); !step.done; step = await items.next()) {
      const finding = await walk.take(step.value, items);
      if (finding !== undefined) return walk.verdict(finding);
    }
    return walk.verdict(walk.end());
  } finally {
    await items.return?.();
  }
}

interface Checks {
  readonly snapshots: SnapshotCheck | undefined;
  readonly coordinator: CoordinatorCheck | undefined;
}

class Walk {
  readonly #source: Pick<LogSource, 'log'>;
  readonly #options: VerifyOptions;
  readonly #checks: Checks;
  readonly #trust: Trust;
  readonly #marks = new Marks();
  readonly #state = emptyState();
  readonly #tell: (position: Position) => void;
  #cursor: ChainCursor = emptyCursor;
  /** The record last taken and where the chain stood before it: what is behind it may prove it wrong. */
  #before: { readonly cursor: ChainCursor; readonly item: RecordItem } | undefined;
  #records = 0;
  #voids: number[] = [];
  #closing: Closing | undefined;
  #proven: Verdict['proven'] = null;

  constructor(source: Pick<LogSource, 'log'>, options: VerifyOptions, checks: Checks) {
    this.#source = source;
    this.#options = options;
    this.#checks = checks;
    this.#trust = new Trust(options.key);
    this.#tell = progressTeller(options.progress);
  }

  async take(given: Item, rest: AsyncIterator<Item>): Promise<Finding | undefined> {
    if (given.status === 'damaged') return this.#behind(given.flaw, given.reason);
    if (given.status === 'closed') {
      this.#closing = given.closing;
      return undefined;
    }
    const { followed, stored } = await followIn(this.#source, this.#cursor, given.stored);
    const item = stored === given.stored ? given : { ...given, stored };
    const reason = followed.status === 'broken' ? followed.reason : unlikeItself(item);
    if (reason !== undefined || followed.status === 'broken') {
      return diagnose({ before: this.#before, cursor: this.#cursor, item, reason: reason ?? '', rest });
    }
    this.#before = { cursor: this.#cursor, item };
    this.#cursor = followed.cursor;
    this.#records += 1;
    this.#marks.take(Buffer.from(followed.cursor.hash).toString('hex'), followed.cursor.position);
    if (followed.status === 'void') {
      if (this.#voids.length < voidsMax) this.#voids.push(stored.sequence);
      return undefined;
    }
    for (const event of followed.record.events) {
      evolve(this.#state, event);
      const forgery = this.#trust.take(event);
      if (forgery !== undefined) return { flaw: 'forged', sequence: stored.sequence, ...forgery };
      const { coordinator } = this.#checks;
      if (coordinator?.concerns(event.position) !== true) continue;
      const finding = coordinator.check(this.#state, { position: event.position, sequence: stored.sequence });
      if (finding !== undefined) return finding;
    }
    this.#trust.passed(this.#cursor);
    this.#tell(this.#cursor.position);
    const { snapshots } = this.#checks;
    return snapshots?.concerns(this.#cursor) === true ? snapshots.check(this.#cursor, this.#state) : undefined;
  }

  end(): Finding | undefined {
    const cursor = this.#cursor;
    const forgery = this.#trust.atEnd(cursor.position);
    if (forgery !== undefined) return { flaw: 'forged', sequence: 1, ...forgery };
    const { through, sequence, checkpoints } = this.#trust.summary;
    if (checkpoints > 0) this.#proven = { by: 'checkpoints', through };
    if (this.#closing === undefined) return undefined;
    const { key } = this.#options;
    const checked = checkClosing(this.#closing, {
      cursor,
      records: this.#records,
      marks: this.#marks,
      proven: through,
      provenSequence: sequence,
      keyGiven: key !== undefined,
      keyOf: (id) => this.#trust.trusts(id),
    });
    if (checked.status === 'wrong') return checked.finding;
    if (checked.signed) this.#proven = { by: 'manifest', through: cursor.position };
    return undefined;
  }

  verdict(finding: Finding | undefined): Verdict {
    const { log, position, term, hash } = this.#cursor;
    return {
      status: finding === undefined ? 'whole' : 'wrong',
      ...(finding === undefined ? {} : { finding }),
      log,
      records: this.#records,
      last: position,
      term,
      lastHash: Buffer.from(hash).toString('hex'),
      voids: this.#voids,
      proven: finding === undefined || finding.position > (this.#proven?.through ?? 0) ? this.#proven : null,
      checkpoints: this.#trust.summary.checkpoints,
      snapshots: this.#checks.snapshots?.checked ?? null,
      coordinator: this.#checks.coordinator?.checked ?? null,
    };
  }

  /** Of what comes after the last record. */
  #behind(flaw: Finding['flaw'], reason: string): Finding {
    const { position, sequence } = this.#cursor;
    return { flaw, position: position + 1, through: position + 1, sequence: sequence + 1, reason };
  }
}
