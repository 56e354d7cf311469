/** The log on JetStream: one stream, one subject, the fence is its expected last sequence. */
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { within } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { LogPort } from './log-port.ts';

export interface JetstreamLogOptions {
  readonly bus: Bus;
  readonly stream: string;
  /** The only subject of the stream. */
  readonly subject: string;
  readonly clock: Clock;
}

export function jetstreamLog({ bus, stream, subject, clock }: JetstreamLogOptions): LogPort {
  return {
    async append({ data, expectedLastSequence, timeoutMs }) {
      const outcome = await bus.store({ subject, data, expect: { lastSequence: expectedLastSequence }, timeoutMs });
      if (outcome.status === 'conflict') return outcome;
      // A duplicate is answered before the fence is asked, so such an ack proves nothing.
      if (outcome.duplicate) throw duplicate(stream, outcome.sequence);
      return { status: 'appended', sequence: outcome.sequence };
    },

    async get(sequence, timeoutMs) {
      const message = await bus.get({ stream, sequence }, 'leader', timeoutMs);
      return message === undefined ? undefined : { sequence: message.sequence, data: message.data, pending: 0 };
    },

    async lastSequence(timeoutMs) {
      const work = bus.streamStatus(stream);
      return (await within({ clock, timeoutMs, what: `the status of ${stream}`, work })).lastSequence;
    },

    read: ({ fromSequence, signal }) => bus.read({ stream, fromSequence, signal }),
  };
}

function duplicate(stream: string, sequence: number): Failure {
  const message = `${stream} called a record a duplicate of ${sequence}, though records carry no message id`;
  return new Failure({ code: 'unsupported', retryable: false, message });
}
