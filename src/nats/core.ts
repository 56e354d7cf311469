/** Core NATS, at most once: subscriptions and requests in the terms of `Bus`. */
import type { Msg } from 'nats';
import type { Bus, BusMessage } from './bus.ts';
import { libraryFailure } from './failures.ts';
import { contentTypeOf } from './headers.ts';
import type { Link } from './link.ts';

export function subscribe(link: Link, options: Parameters<Bus['subscribe']>[0]): { unsubscribe(): void } {
  const { subject, queue, onMessage } = options;
  const callback = (error: Error | null, message: Msg) => {
    if (error !== null) return warnRefused(link, subject, error);
    try {
      onMessage(toBusMessage(link, message));
    } catch (bug) {
      // Thrown from here it would end the library's reader and leave a connection that is open and deaf.
      queueMicrotask(() => {
        throw bug;
      });
    }
  };
  try {
    const subscription = link.connection.subscribe(subject, { callback, ...(queue === undefined ? {} : { queue }) });
    return { unsubscribe: () => subscription.unsubscribe() };
  } catch (error) {
    throw libraryFailure(error, `subscribe to ${subject}`);
  }
}

export async function request(link: Link, options: Parameters<Bus['request']>[0]): Promise<{ data: Uint8Array }> {
  const { subject, data, timeoutMs, signal } = options;
  const answer = await link.ask({ subject, data }, timeoutMs, signal);
  return { data: answer.data };
}

function toBusMessage(link: Link, message: Msg): BusMessage {
  const contentType = contentTypeOf(message);
  return {
    subject: message.subject,
    data: message.data,
    ...(contentType === undefined ? {} : { contentType }),
    respond(data) {
      // While the connection is down the asker's request has failed already: there is nobody to answer.
      const { reply } = message;
      if (!reply || !isInbox(reply) || !link.connected) return false;
      link.publish({ subject: reply, data });
      return true;
    },
  };
}

/**
 * We answer with our own rights: anywhere else, whoever may ask anything could have us write to the log. `_R_` is the
 * server's own, in place of an inbox of another account.
 */
function isInbox(reply: string): boolean {
  return reply.startsWith('_INBOX') || reply.startsWith('_R_.');
}

/** A refused subscription is a mistake in the server's permissions: loud, but no reason to take a data plane down. */
function warnRefused(link: Link, subject: string, error: Error): void {
  process.emitWarning(libraryFailure(error, `${link.principal} may not subscribe to ${subject}`));
}
