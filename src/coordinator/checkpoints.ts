/**
 * The leader's word for the log, kept in it: a signature over a record that is durable, every so many events and so
 * often, so that a log rewritten as a whole is seen. Promises: every field comes from one acknowledged cursor; nothing
 * is signed twice, nor a checkpoint for its own sake. Must not know where the private key is kept.
 */
import type { Proposal } from '../domain/propose.ts';
import type { FleetState } from '../domain/state.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import { signCheckpoint, signRotation } from '../proof/checkpoint.ts';
import type { SigningKey } from '../proof/keys.ts';
import type { Clock } from '../std/clock.ts';
import { assert } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Event } from '../../schemas/events.ts';
import type { Timing } from './timing.ts';

export interface Signer {
  readonly key: SigningKey;
  /** The key that signed until now: vouches for `key` where the log still names it. */
  readonly previous?: SigningKey;
}

export interface CheckpointsOptions {
  readonly signer: Signer | undefined;
  /** Acknowledged records only, as is the cursor. */
  readonly state: FleetState;
  readonly cursor: () => ChainCursor;
  /** False when the head has moved past it. */
  readonly propose: (proposal: Proposal) => boolean;
  readonly clock: Clock;
  readonly timing: Pick<Timing, 'checkpointEvents' | 'checkpointMs'>;
  readonly logger: Logger;
}

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** Acknowledged events that no checkpoint of this reign holds; at its beginning its own election. */
  #unsigned = 1;
  #signedAt: number;
  /** The log was ahead of what could be signed: tried again when there is time. */
  #refused = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#signedAt = options.clock.monotonic();
  }

  /** Puts our key into the log if nobody else's is there, or ours follows on it. Says so if we may not sign. */
  begin(): void {
    const { signer, state, propose, logger } = this.#options;
    if (signer === undefined) return;
    const { key, previous } = signer;
    const current = state.signer?.key;
    if (current === key.id) return;
    const by = current === undefined ? key : current === previous?.id ? previous : undefined;
    if (by === undefined) {
      logger.warn({ current, ours: key.id }, 'another key signs this log: no checkpoints while we lead');
      return;
    }
    assert(state.log !== null, 'a leader has folded its own election');
    propose({ type: 'log.key-rotated', data: signRotation({ log: state.log, next: key.publicKey, by }) });
  }

  /** After the fold, with what one acknowledged record held. */
  acknowledged(events: readonly Event[]): void {
    let isNewKey = false;
    for (const { type } of events) {
      if (type !== 'log.checkpointed') this.#unsigned += 1;
      if (type === 'log.key-rotated') isNewKey = true;
    }
    const isMuch = this.#unsigned >= this.#options.timing.checkpointEvents && !this.#refused;
    if (isMuch || isNewKey) this.#sign();
  }

  /** Now and then, for what came slowly. */
  look(): void {
    const { clock, timing } = this.#options;
    const isLate = clock.monotonic() - this.#signedAt >= timing.checkpointMs;
    if (this.#refused || (isLate && this.#unsigned > 0)) this.#sign();
  }

  #sign(): void {
    const { signer, state, cursor, propose, clock } = this.#options;
    if (signer === undefined || state.signer?.key !== signer.key.id) return;
    const { log, term, position, sequence, hash } = cursor();
    assert(log !== null && sequence > 0, 'a leader has written to its log');
    const place = { log, term, position, sequence, hash: Buffer.from(hash).toString('hex') };
    this.#refused = !propose({ type: 'log.checkpointed', data: signCheckpoint(place, signer.key) });
    if (this.#refused) return;
    this.#unsigned = 0;
    this.#signedAt = clock.monotonic();
  }
}
