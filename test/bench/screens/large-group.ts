/**
 * A group of ten thousand servers on a real dashboard in a real Chromium: how long its screens take to come, whether
 * they scroll, choose and search without a halt, how soon a change shows, and what it costs in memory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import {
  FleetId,
  GroupId,
  type GroupName,
  type ProjectId,
  type ProjectVersion,
  type ServerId,
} from '../../../schemas/ids.ts';
import { connectMuster, type Muster } from '../../../src/client/muster.ts';
import { openBrowser, type Screens } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { type NatsServer, startNats } from '../../support/nats-server.ts';
import { commandRig } from '../command-rig.ts';
import { median, quantile } from '../harness.ts';
import { playServers } from './played-servers.ts';
import { clockOffsetMs, nowMs, watchFor } from './shown.ts';

const fleet = FleetId.parse('main');
const group = 'Production' as GroupName;
const beatEveryMs = 5_000;
const timeoutMs = 180_000;
const changes = 50;
const cli = resolve(import.meta.dirname, '../../../dist/services/cli/main.js');

export async function measureLargeGroup(size: number, say: (line: string) => void): Promise<void> {
  const nats = await startNats();
  const rig = await commandRig(nats, { servers: size });
  const names = Array.from({ length: size }, (_, index) => `s${index}` as ServerId);
  const played = playServers({ raw: rig.raw, fleet, group: GroupId.parse('production'), names, beatEveryMs });
  const muster = await connectMuster({ url: nats.url, principal: 'bench' });
  const folder = mkdtempSync(join(tmpdir(), 'muster-large-'));
  const dashboard = await startDashboard(nats, folder);
  const screens = await openBrowser();
  try {
    await fill(muster, names);
    await allReady(dashboard.url, size);
    say(`${size} servers in one group, each beating every ${beatEveryMs} ms`);
    await measure({ screens, dashboard, muster, say });
  } finally {
    await screens.close();
    dashboard.process.kill('SIGKILL');
    await muster.close();
    played.stop();
    await rig.stop();
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(muster: Muster, names: readonly ServerId[]): Promise<void> {
  const policy = { leaseMs: 3_600_000, syncsMax: 10_000 };
  await accepted(muster.send('group.configure', { group, policy }));
  for (const project of ['hello', 'orders', 'tax'] as ProjectId[]) {
    const version = '1.0.0' as ProjectVersion;
    const asked = { project, version, digest: 'ab'.repeat(32) as never, bytes: 10 };
    await accepted(muster.send('project.publish', asked));
    const rollout = { strategy: { kind: 'all-at-once' as const }, minHealthyMs: 0 };
    await accepted(muster.send('deployment.request', { group, project, version, rollout }));
  }
  const { outcomes } = await muster.setServers({ group, servers: names });
  for (const outcome of outcomes) await accepted(Promise.resolve(outcome));
}

async function accepted(sent: ReturnType<Muster['send']>): Promise<void> {
  const outcome = await sent;
  if (outcome.status !== 'accepted') throw new Error(JSON.stringify(outcome.rejection));
}

async function allReady(url: string, size: number): Promise<void> {
  const holds = async () => {
    const answer = (await (await fetch(`${url}/v1/groups/production`)).json()) as {
      item?: { servers: { status: string }[] };
    };
    return answer.item?.servers.filter(({ status }) => status === 'ready').length === size;
  };
  await eventually(holds, { timeoutMs, what: `${size} servers to be ready` });
}

interface Dashboard {
  readonly url: string;
  readonly process: ChildProcess;
}

async function startDashboard({ url: natsUrl }: NatsServer, folder: string): Promise<Dashboard> {
  const words = ['--nats', natsUrl, 'dashboard', 'run', '--listen', '127.0.0.1:0', '--data', folder];
  const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const url = await eventually(() => /the dashboard is at (\S+)/.exec(said)?.[1], { timeoutMs, what: 'the dashboard' });
  return { url, process: child };
}

interface Stage {
  readonly screens: Screens;
  readonly dashboard: Dashboard;
  readonly muster: Muster;
  readonly say: (line: string) => void;
}

async function measure({ screens, dashboard, muster, say }: Stage): Promise<void> {
  const note = (what: string, text: string) => say(`${what.padEnd(46)} ${text}`);
  const load = async (path: string, selector: string) => {
    const took: number[] = [];
    for (let time = 0; time < 5; time += 1) {
      const fresh = await screens.open('about:blank');
      const beganAt = performance.now();
      await fresh.goto(`${dashboard.url}${path}`);
      await fresh.locator(selector).first().waitFor();
      took.push(performance.now() - beganAt);
      await fresh.close();
    }
    return `${median(took).toFixed(0)} ms (median of ${took.length}, a fresh browser each)`;
  };
  note('fleet screen, from the address to its squares', await load('/', '.squares canvas'));
  note('group screen, from the address to its rows', await load('/groups/production', '.way .rows-row'));

  const page = await screens.open(`${dashboard.url}/groups/production`);
  await page.locator('.list-item').first().waitFor();
  note('scrolling the list of servers, whole', await frames(page, scrollBy('.list-box')));
  note('scrolling the way to traffic, whole', await frames(page, scrollBy('.rows-scroll')));
  const list = page.getByRole('grid', { name: 'Servers', exact: true });
  await page.evaluate(
    "document.querySelector('.list-box').scrollTop = 0; document.querySelector('.rows-scroll').scrollTop = 0",
  );
  await list.getByRole('row', { name: 's0' }).click();
  const chosen = '[role="row"][data-key="s1"][aria-selected="true"]';
  note('Ctrl A: all chosen', await answered(page, () => page.keyboard.press('Control+a'), chosen, 's1'));
  const search = page.getByRole('searchbox', { name: 'Search Servers' });
  await search.fill('s');
  note('searched: from the key to the rows', await answered(page, () => search.press('9'), '.list-box', '^.?s9'));
  await search.fill('');
  await list.getByRole('row').first().click();
  const preview = await answered(
    page,
    () => page.keyboard.press('Enter'),
    '.save',
    'Then, in the pool|Nothing else|drains',
  );
  note('one moved: to what Save will do', preview);
  await page.getByRole('button', { name: 'Reset' }).click();

  note('a change on the bus, to the row it is about', await arrivals(page, muster));
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  note('heap of the page', `${(usedSize / 1024 ** 2).toFixed(0)} MiB`);
  note('memory of the dashboard’s process', `${residentMiB(dashboard.process)} MiB resident`);
}

/** A screen's height at a time, each at the frame after the one before. */
function scrollBy(selector: string): string {
  return `(() => { const box = document.querySelector('${selector}'); box.scrollTop += box.clientHeight * 7; return box.scrollTop + box.clientHeight < box.scrollHeight - 1; })()`;
}

/** How long frames take while `step`, a page's expression, goes on being true: what a hand feels as halting. */
async function frames(page: Page, step: string): Promise<string> {
  const gaps = await page.evaluate<number[]>(`new Promise((resolve) => {
    const gaps = [];
    let last = performance.now();
    const frame = () => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (${step}) requestAnimationFrame(frame);
      else resolve(gaps);
    };
    requestAnimationFrame(frame);
  })`);
  return `${gaps.length} frames: p50 ${quantile(gaps, 0.5).toFixed(0)} ms, p95 ${quantile(gaps, 0.95).toFixed(0)} ms, longest ${Math.max(...gaps).toFixed(0)} ms`;
}

/** From what a hand does to the frame that shows it. */
async function answered(page: Page, act: () => Promise<void>, selector: string, pattern: string): Promise<string> {
  const offsetMs = await clockOffsetMs(page);
  const shown = await watchFor(page, selector, pattern);
  const beganAt = nowMs();
  await act();
  return `${((await shown()) + offsetMs - beganAt).toFixed(0)} ms`;
}

async function arrivals(page: Page, muster: Muster): Promise<string> {
  const server = 's0' as ServerId;
  const offsetMs = await clockOffsetMs(page);
  const took: number[] = [];
  for (let index = 0; index < changes; index += 1) {
    const isIn = index % 2 === 0;
    await page.waitForTimeout(100 + ((index * 37) % 400));
    const shown = await watchFor(page, '.way .rows-row', isIn ? 'takes traffic; cordoned' : 'takes traffic$');
    await accepted(muster.send(isIn ? 'server.cordon' : 'server.uncordon', { server }));
    const acknowledgedAt = nowMs();
    took.push((await shown()) + offsetMs - acknowledgedAt);
  }
  const [p50, p95, worst] = [quantile(took, 0.5), quantile(took, 0.95), Math.max(...took)].map((ms) => ms.toFixed(0));
  return `${took.length} changes: p50 ${p50} ms, p95 ${p95} ms, worst ${worst} ms`;
}

function residentMiB({ pid }: ChildProcess): string {
  const kB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kB) / 1024).toFixed(0);
}
