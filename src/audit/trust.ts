/**
 * What of a log the leader's signatures prove, read along with the chain. One key is given from outside; whom it
 * vouched for in the log is trusted from there on. A checkpoint proves every record before it, whoever wrote them,
 * since each holds the hash of the one before.
 *
 * Without a key from outside nothing is proven: whoever makes a chain anew can make its keys anew.
 */
import type { Position } from '../../schemas/ids.ts';
import { Checkpoint, checkpointReachMax, KeyRotation } from '../../schemas/proof.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import { isCheckpointOf, rotatedTo } from '../proof/checkpoint.ts';
import type { PublicKey } from '../proof/keys.ts';

/** A signature in the log that cannot be the leader's, or is not about this log. */
export interface Forgery {
  /** Where what is not proven begins, and where it ends. */
  readonly position: Position;
  readonly through: Position;
  readonly reason: string;
}

interface Fact {
  readonly position: Position;
  readonly type: string;
  readonly data: unknown;
}

export class Trust {
  readonly #keys = new Map<string, PublicKey>();
  readonly #given: PublicKey | undefined;
  /** Of the records last seen: position and hash by sequence. */
  readonly #recent = new Map<number, { position: Position; hash: string }>();
  /** The last position proven, and the record it stands in. */
  #proven: Position = 0;
  #provenSequence = 0;
  #checkpoints = 0;
  /** Checkpoints by keys that are not trusted. */
  #strange = 0;

  constructor(given: PublicKey | undefined) {
    this.#given = given;
    if (given !== undefined) this.#keys.set(given.id, given);
  }

  /** How far the log is proven, to which record, by how many checkpoints; and how many were by keys nobody vouched for. */
  get summary(): {
    readonly through: Position;
    readonly sequence: number;
    readonly checkpoints: number;
    readonly strange: number;
  } {
    const [through, sequence] = [this.#proven, this.#provenSequence];
    return { through, sequence, checkpoints: this.#checkpoints, strange: this.#strange };
  }

  trusts(key: string): PublicKey | undefined {
    return this.#keys.get(key);
  }

  /** Of each event, before its own record is passed. */
  take({ position, type, data }: Fact): Forgery | undefined {
    if (type === 'log.key-rotated') {
      const rotation = KeyRotation.safeParse(data);
      if (rotation.success) this.#rotate(rotation.data);
    }
    if (type !== 'log.checkpointed') return undefined;
    const checkpoint = Checkpoint.safeParse(data);
    if (checkpoint.success) return this.#checkpoint(checkpoint.data, position);
    return { position, through: position, reason: `the checkpoint at position ${position} is none` };
  }

  /** After each record, with where the chain stands then. */
  passed({ sequence, position, hash }: ChainCursor): void {
    if (this.#given === undefined) return;
    this.#recent.set(sequence, { position, hash: Buffer.from(hash).toString('hex') });
    this.#recent.delete(sequence - checkpointReachMax - 1);
  }

  /** At the end of the log. */
  atEnd(last: Position): Forgery | undefined {
    if (this.#given === undefined || this.#strange === 0 || this.#checkpoints > 0) return undefined;
    const reason = `its ${this.#strange} checkpoints are all by keys that ${this.#given.id} never vouched for`;
    return { position: 1, through: last, reason };
  }

  #checkpoint(checkpoint: Checkpoint, at: Position): Forgery | undefined {
    const key = this.#keys.get(checkpoint.key);
    if (key === undefined) {
      this.#strange += 1;
      return undefined;
    }
    const forged = (reason: string): Forgery => ({
      position: Math.min(this.#proven + 1, at),
      through: Math.max(Math.min(checkpoint.position, at), this.#proven + 1),
      reason: `the checkpoint at position ${at} ${reason}`,
    });
    if (!isCheckpointOf(checkpoint, key)) return forged('has a signature that is not by the key it names');
    const seen = this.#recent.get(checkpoint.sequence);
    if (seen === undefined) return forged(`is about sequence ${checkpoint.sequence}, out of its reach`);
    if (seen.hash !== checkpoint.hash || seen.position !== checkpoint.position) {
      return forged(`is signed over another record ${checkpoint.sequence} than the log holds`);
    }
    this.#proven = checkpoint.position;
    this.#provenSequence = checkpoint.sequence;
    this.#checkpoints += 1;
    return undefined;
  }

  /**
   * A rotation that no trusted key signed adds nothing: what follows under its key is strange. The key before is not
   * trusted any more: it may have been changed because somebody else has it.
   */
  #rotate(rotation: KeyRotation): void {
    const by = this.#keys.get(rotation.by);
    const next = by === undefined ? undefined : rotatedTo(rotation, by);
    if (next === undefined) return;
    this.#keys.delete(rotation.by);
    this.#keys.set(next.id, next);
  }
}
