/** Server-sent events read from a fetch, since EventSource cannot send a token. The format's own rules, no more. */
export interface Message {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** A message longer than this is nothing of ours: the stream is given up rather than kept in memory. */
const messageCharsMax = 8 * 1024 * 1024;

export async function* messagesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      if (text.length > messageCharsMax) throw new Error('a message without an end');
      let end = text.indexOf('\n\n');
      while (end >= 0) {
        const message = parse(text.slice(0, end));
        text = text.slice(end + 2);
        if (message !== undefined) yield message;
        end = text.indexOf('\n\n');
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parse(block: string): Message | undefined {
  let event = 'message';
  let id = '';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { event, id, data: data.join('\n') };
}
