/**
 * The bare chain: a command from JetStream to a reader, a group-committed append with one in flight, a reply. No
 * parsing, no decision, no de-duplication, no fence: what is left when everything a coordinator is for is taken away.
 */
import { idOf } from './command-bytes.ts';
import { rawNats, rawStream } from './raw-nats.ts';

/** As many as our own records hold at most. */
const commandsPerRecordMax = 1_000;
/** What the readers of both sides ask for at once. */
const readAhead = 10_000;

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error('usage: chain-process URL');
const raw = await rawNats(url);
await rawStream(raw, 'CHAIN_COMMANDS', ['bench.chain.cmd']);
await rawStream(raw, 'CHAIN_LOG', ['bench.chain.log']);
process.on('disconnect', () => process.exit(0));

let waiting: Uint8Array[] = [];
let appending = false;
const reply = Buffer.from('{"status":"accepted"}');

async function commit(): Promise<void> {
  appending = true;
  while (waiting.length > 0) {
    const batch = waiting.slice(0, commandsPerRecordMax);
    waiting = waiting.slice(commandsPerRecordMax);
    await raw.store('bench.chain.log', Buffer.concat(batch));
    for (const command of batch) raw.connection.publish(`_INBOX_bench.${idOf(command)}`, reply);
  }
  appending = false;
}

const consumer = await raw.connection.jetstream().consumers.get('CHAIN_COMMANDS');
const messages = await consumer.consume({
  max_messages: readAhead,
  callback(message) {
    waiting.push(message.data);
    // A microtask, as our writer has it: what arrives in the same breath shares the record.
    if (!appending) {
      appending = true;
      queueMicrotask(() => void commit());
    }
  },
});
process.send?.('ready');
await messages.closed();
