/** A version published over HTTP: the same as the command line's, byte by byte, and refused for the same reasons. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Digest, type FleetId } from '../../schemas/ids.ts';
import { packFolder } from '../../src/bundles/pack.ts';
import { folderTarBytesMax } from '../../src/bundles/tar-files.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { type DashboardRig, startReadyDashboard } from '../support/dashboard-rig.ts';
import { eventually } from '../support/eventually.ts';
import { type TarEntry, tarOf } from '../support/hand-built-tar.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const projectYaml = 'name: hello\nroutes:\n  - path: /hello\n    respond: { body: hello }\n';
let nats: NatsServer;
let fleet: FleetId;
let coordinator: TestCoordinator;
let api: DashboardRig;
let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'muster-publishing-'));
  nats = await startNats();
  fleet = newFleet();
  coordinator = await startCoordinator({ url: nats.url, fleet });
  api = await startReadyDashboard({ natsUrl: nats.url, fleet });
  await eventually(async () => (await api.get('/v1/fleet')).status === 200, { what: 'a fleet to show' });
});
afterAll(async () => {
  await api.stop();
  await coordinator.stop();
  await nats.stop();
  rmSync(root, { recursive: true, force: true });
});

async function publish(path: string, entries: readonly TarEntry[], headers: Record<string, string> = {}) {
  const response = await fetch(`${api.url}/v1/projects/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-tar', ...headers },
    body: tarOf(entries),
  });
  return { status: response.status, body: (await response.json()) as { position: number; detail: string } };
}

describe('a folder sent as a tar', () => {
  it('is the version that the command line would make of it, and is there to be fetched', async () => {
    const files = { 'project.yaml': projectYaml, 'docs/note.txt': 'a note' };
    mkdirSync(join(root, 'hello', 'docs'), { recursive: true });
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, 'hello', path), text);
    const packed = await packFolder(join(root, 'hello'));
    const entries = [
      { name: './', type: '5' },
      { name: './docs/', type: '5' },
      { name: './.git/HEAD', content: 'x' },
      ...Object.entries(files).map(([path, content]) => ({ name: `./${path}`, content })),
    ];
    const first = await publish('hello/versions/1.0.0?reason=first', entries, { 'idempotency-key': 'publish-1' });
    expect(first).toMatchObject({ status: 200, body: { digest: packed.digest, upload: 'stored', repeated: false } });
    const bucket = coordinator.bus.objects(streamNames(fleet).bundles);
    const stored = await bucket.get(Digest.parse(packed.digest), { maxBytes: 1e6, timeoutMs: 5_000 });
    expect(Buffer.from(stored).equals(packed.bytes)).toBe(true);
    expect(
      await publish('hello/versions/1.0.0?reason=first', entries, { 'idempotency-key': 'publish-1' }),
    ).toMatchObject({
      status: 200,
      body: { upload: 'present', repeated: true, position: first.body.position },
    });
    const { body } = await api.get('/v1/projects/hello');
    expect(body.item.versions).toMatchObject([{ version: '1.0.0', digest: packed.digest, publishedBy: 'dashboard' }]);
    const { body: log } = await api.get(`/v1/events?from=${first.body.position}&to=${first.body.position}`);
    expect(log.items[0].event).toMatchObject({ type: 'project.published', reason: 'first' });
  });

  it.each([
    [
      'a link',
      [
        { name: 'project.yaml', content: projectYaml },
        { name: 'x', type: '2', link: '/etc/passwd' },
      ],
      /is a symlink/,
    ],
    [
      'a way out',
      [
        { name: 'project.yaml', content: projectYaml },
        { name: '../x', content: 'x' },
      ],
      /holds an empty name/,
    ],
    [
      'a path from the root',
      [
        { name: 'project.yaml', content: projectYaml },
        { name: '/x', content: 'x' },
      ],
      /is absolute/,
    ],
    [
      'a file twice',
      [
        { name: 'project.yaml', content: projectYaml },
        { name: './project.yaml', content: 'x' },
      ],
      /one name/,
    ],
    ['a manifest', [{ name: '.muster-manifest.json', content: '{}' }], /written by packing/],
    ['no project.yaml', [{ name: 'x', content: 'x' }], /holds no project.yaml/],
    ['a project.yaml that is none', [{ name: 'project.yaml', content: 'name: [' }], /project.yaml/],
    ['another project', [{ name: 'project.yaml', content: projectYaml.replace('hello', 'orders') }], /names orders/],
    ['more than it says', [{ name: 'project.yaml', content: projectYaml, size: 1e6 }], /well-formed|ends in/],
    ['more than a bundle holds', [{ name: 'big', content: 'x', size: 65 * 1024 * 1024 }], /holds more than/],
  ] as const)('is refused with %s, and nothing comes of it', async (_what, entries, words) => {
    const before = (await api.get('/v1/fleet')).body.position;
    const { status, body } = await publish('hello/versions/9.9.9', entries);
    expect({ status, detail: body.detail }).toEqual({ status: 400, detail: expect.stringMatching(words) });
    expect((await api.get('/v1/fleet')).body.position).toBe(before);
  });

  it('is not even read while as many as there is room for are on their way into the store', async () => {
    if (!nats.canKill) return;
    await nats.kill('SIGSTOP');
    const versions = ['2.0.0', '2.0.1', '2.0.2', '2.0.3'];
    const stored = versions.map((version) =>
      publish(`hello/versions/${version}`, [{ name: 'project.yaml', content: projectYaml }]),
    );
    const askOthers = async () => {
      for (let asked = 0; asked < 25; asked += 1) expect((await api.get('/v1/fleet')).status).toBe(200);
      return 'still waits';
    };
    // Each was read long ago, as far as it was to be read.
    await askOthers();
    const further = publish('hello/versions/2.0.4', []);
    const early = await Promise.race([further, askOthers()]).finally(() => nats.kill('SIGCONT'));
    expect(early).toBe('still waits');
    expect((await Promise.all(stored)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await further).status).toBe(400);
  });

  it('is refused by its announced size before it comes, and in another type', async () => {
    const answer = await saidBeforeItsBody(folderTarBytesMax + 1);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"too-large"');
    expect(await publish('hello/versions/9.9.9', [], { 'content-type': 'application/json' })).toMatchObject({
      status: 400,
    });
    expect(await publish('hello/versions/9.9.9', [], { 'content-type': 'application/gzip' })).toMatchObject({
      status: 415,
    });
  });
});

/** What is answered to a head that announces so many bytes, of which none comes. */
async function saidBeforeItsBody(bytes: number): Promise<string> {
  const { host, hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  const lines = ['POST /v1/projects/hello/versions/9.9.9 HTTP/1.1', `host: ${host}`, 'content-type: application/x-tar'];
  socket.write(`${[...lines, `content-length: ${bytes}`, '', ''].join('\r\n')}`);
  let said = '';
  socket.on('data', (chunk) => (said += String(chunk)));
  await eventually(() => said.includes('}'), { what: 'an answer' });
  socket.destroy();
  return said;
}
