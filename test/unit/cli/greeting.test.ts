/** What `up` does with what it asks last, where nobody answers that at first: the fleet is up all the same. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { greet } from '../../../services/cli/up/greeting.ts';
import { untilServed } from '../../../services/cli/up/until-served.ts';
import { createPaint } from '../../../services/cli/paint.ts';
import type { Muster } from '../../../src/client/muster.ts';

const refused = { status: 'error', code: 'unavailable', message: 'the coordinator is behind' } as const;
const group = {
  name: 'Production',
  servers: [{ server: 'web1', status: 'ready' }],
  deployments: [{ project: 'hello' }],
};

/** A client whose answers come in this order, the last again and again. */
function answering(...answers: readonly object[]): Muster {
  const left = [...answers];
  return { query: async () => (left.length > 1 ? left.shift() : left[0]) } as unknown as Muster;
}

let asked: string[];
let entry: string;
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  response.end();
});

beforeEach(async () => {
  asked = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  entry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

describe('waiting until requests are served', () => {
  it('asks again for the groups where it heard no answer, instead of waiting for none', async () => {
    const { signal } = new AbortController();
    const groups = { status: 'ok', position: 7, data: [group] };
    await untilServed(answering(refused, refused, groups), { entryByGroup: { Production: entry }, signal });
    expect(asked).toEqual(['/hello']);
  });
});

describe('the greeting', () => {
  it('says that a group is not known where nobody told of it, and calls none deleted', async () => {
    const { signal } = new AbortController();
    const said: string[] = [];
    const output = { paint: createPaint(false), step: (line: string) => void said.push(line) } as never;
    const plan = { entryByGroup: { Production: entry }, dashboardUrl: 'http://127.0.0.1:1' } as never;
    await greet(answering(refused), { output, plan, signal });
    expect(said.join('\n')).toContain(`curl ${entry}/   # Production: the coordinator is behind`);
    expect(said.join('\n')).not.toContain('deleted');
    await greet(answering({ status: 'ok', position: 7, data: [] }), { output, plan, signal });
    expect(said.at(-1)).toContain('Production: deleted');
  });
});
