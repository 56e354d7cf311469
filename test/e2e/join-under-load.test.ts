import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type FleetProcesses, startFleet } from '../support/fleet-processes.ts';
import { startLoad } from '../support/steady-load.ts';

const samples = resolve(import.meta.dirname, '../../services/cli/samples');
let fleet: FleetProcesses;

beforeAll(async () => {
  fleet = await startFleet();
  await fleet.startCoordinator();
  await Promise.all(['gw1', 'gw2'].map((name) => fleet.startGateway(name)));
  await fleet.startBalancer(['edge']);
});
afterAll(() => fleet?.stop());

async function servers(): Promise<number> {
  const answer = await fleet.muster.query('servers', {});
  return answer.status === 'ok' ? answer.data.length : 0;
}

/** Runs a command that must succeed. */
async function must(...words: string[]): Promise<void> {
  const { code, err } = await fleet.run(...words);
  expect(err + code, words.join(' ')).toMatch(/0$/);
}

async function answeredBy(path: string): Promise<{ server: string | null; project: string | null; status: number }> {
  const answer = await fetch(new URL(path, fleet.origin('edge')));
  await answer.arrayBuffer();
  const { headers, status } = answer;
  return { server: headers.get('x-muster-server'), project: headers.get('x-muster-project'), status };
}

describe('a group under steady load', () => {
  it('takes a third server in and lets one go without one failed request', async () => {
    await eventually(async () => (await servers()) === 2, {
      what: 'two gateways',
    });
    await must('group', 'create', 'Edge');
    await must('project', 'publish', resolve(samples, 'hello'), '--version', '1.0.0');
    await must('project', 'publish', resolve(samples, 'orders'), '--version', '1.0.0');
    await must('deploy', 'hello@1.0.0', 'Edge');
    await must('deploy', 'orders@1.0.0', 'Edge');
    await must('server', 'join', 'gw1', 'Edge');
    await must('server', 'join', 'gw2', 'Edge');
    await eventually(async () => (await answeredBy('/hello')).status === 200);
    const load = startLoad({ origin: fleet.origin('edge'), paths: ['/hello', '/orders'], clients: 16, pauseMs: 5 });
    await eventually(() => load.result.requests > 500);

    await fleet.startGateway('gw3');
    await eventually(async () => (await servers()) === 3, {
      what: 'a third gateway',
    });
    await must('server', 'join', 'gw3', 'Edge');
    await eventually(() => (load.result.answersByServer.get('gw3') ?? 0) > 100, { what: 'traffic on the third' });
    const projects = new Set<string | null>();
    await eventually(async () => {
      for (const path of ['/hello', '/orders']) {
        const { server, project } = await answeredBy(path);
        if (server === 'gw3') projects.add(project);
      }
      return projects.size === 2;
    });
    expect(projects).toEqual(new Set(['hello@1.0.0', 'orders@1.0.0']));

    await must('server', 'leave', 'gw1');
    const before = load.result.requests;
    const left = load.result.answersByServer.get('gw1');
    await eventually(() => load.result.requests > before + 500);
    expect(load.result.answersByServer.get('gw1')).toBe(left);

    const { failures, requests } = await load.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(1_000);
  });
});
