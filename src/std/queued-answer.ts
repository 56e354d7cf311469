/** What Node leaves out for answers that wait behind another one on their connection (HTTP/1.1 pipelining). */
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Has an answer whose turn has not come close with its connection, as any other does: Node tells it nothing, and
 * whoever counts on `close` would count it for ever. To be called as the request comes.
 */
export function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  // In its turn already: Node sees to it.
  if (response.socket !== null) return;
  const onClose = () => {
    if (response.socket !== null || response.destroyed) return;
    response.destroy();
    response.emit('close');
  };
  socket.once('close', onClose);
  response.once('close', () => socket.off('close', onClose));
}
