/** The newest proof of what is held, sent whenever it changes and as often as somebody lacks it. */
import type { FleetId, ServerId } from '../../schemas/ids.ts';
import type { BeatAnswer, Receipt } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeMessage } from '../wire/message.ts';
import type { Applied } from './carrier.ts';

export interface ReceiptsOptions {
  readonly fleet: FleetId;
  readonly server: ServerId;
  readonly instance: string;
  readonly logger: Logger;
}

/** A receipt may be lost on its way; two more times, and then the next directive's makes it good. */
const repeatsMax = 2;

export class Receipts {
  readonly #options: ReceiptsOptions;
  #receipt: Receipt | undefined;
  /** How often it is still sent though the leader has one of its position: it cannot know that this one is newer. */
  #repeats = 0;
  /** Undefined until there is a connection: the receipt is then sent on its arrival. */
  #bus: Bus | undefined;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  connect(bus: Bus): void {
    this.#bus = bus;
    this.send();
  }

  prove(applied: Applied): void {
    const { server, instance } = this.#options;
    const before = this.#receipt;
    const isAnother = before !== undefined && before.log === applied.log && before.position === applied.position;
    this.#repeats = isAnother ? repeatsMax : 0;
    this.#receipt = { server, instance, ...applied };
    this.send();
  }

  /** Sends again what the leader lacks. A receipt of another log proves nothing to this one. */
  answer(answer: BeatAnswer): void {
    if (this.#receipt?.log !== answer.log) return;
    if (this.isKnown(answer) && this.#repeats === 0) return;
    this.#repeats = Math.max(0, this.#repeats - 1);
    this.send();
  }

  /** The leader has a receipt for what is held now. */
  isKnown({ log, receipt: position }: BeatAnswer): boolean {
    return this.#receipt?.log === log && this.#receipt.position === position;
  }

  send(): void {
    const { fleet, server, logger } = this.#options;
    if (this.#receipt === undefined || this.#bus === undefined) return;
    try {
      this.#bus.publish({ subject: subjects.receipt(fleet, server), data: encodeMessage(this.#receipt) });
    } catch (error) {
      // It is sent again when the connection is back.
      const { code } = Failure.from(error, { code: 'disconnected', retryable: true, message: 'a receipt' });
      logger.debug({ code }, 'receipt not sent');
    }
  }
}
