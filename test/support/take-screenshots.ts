/**
 * The pictures in the README, taken of a real fleet in the midst of its work: `npm run screenshots`. Brings a fleet up,
 * puts servers and versions into it, lets one version fail, and looks at all six screens while a canary waits.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { openBrowser, type Screens } from './browser.ts';
import { eventually } from './eventually.ts';
import { startLoad } from './steady-load.ts';
import { startUpFleet, type UpFleet } from './up-fleet.ts';

const samples = resolve(import.meta.dirname, '../../services/cli/samples');
const folder = resolve(import.meta.dirname, '../../services/dashboard/screenshots');
const size = { width: 1_360, height: 850 } as const;
/** Ten gateways and a browser on one machine. */
const waitMs = 90_000;
const gateways = ['web1', 'web2', 'web3', 'web4', 'web5', 'web6', 'web7', 'web8'];

const fleet = await startUpFleet();
const screens = await openBrowser();
const load = startLoad({ origin: fleet.entry('production'), paths: ['/hello', '/orders'], clients: 6, pauseMs: 5 });
try {
  await prepare(fleet);
  mkdirSync(folder, { recursive: true });
  await takeAll(fleet, screens);
} finally {
  await load.stop();
  await screens.close();
  await fleet.stop();
}

async function prepare(up: UpFleet): Promise<void> {
  for (const name of gateways) await up.startGateway(name);
  await until(up, '/v1/servers', ({ items }) => items.length === gateways.length + 2);
  await up.ask('group.set-servers', { group: 'Production', add: gateways.slice(0, 6), reason: 'the evening is busy' });
  await up.ask('group.set-servers', { group: 'Development', add: ['web7'] });
  for (const [bundle, version] of [
    [changed(up.folder, 'hello'), '1.1.0'],
    [changed(up.folder, 'orders'), '2.0.0'],
    [broken(up.folder), '2.1.0-rc.1'],
  ] as const) {
    const { code, text } = await up.run('project', 'publish', bundle, '--version', version);
    if (code !== 0) throw new Error(text);
  }
  await until(up, '/v1/servers?status=ready', ({ items }) => items.length === 9);
  await up.ask('server.drain', { server: 'web6', reason: 'its disk is to be changed' });
  await until(up, '/v1/servers?status=cordoned', ({ items }) => items.length === 1);
  await up.ask('deployment.request', { group: 'Development', project: 'orders', version: '2.1.0-rc.1' });
  await until(up, '/v1/servers?group=development&status=retrying', ({ items }) => items.length === 1);
  const steps = [
    { servers: 1, bakeMs: 2_000 },
    { servers: '50%', bakeMs: 60_000, pause: true },
  ];
  await up.ask('deployment.request', {
    group: 'Production',
    project: 'hello',
    version: '1.1.0',
    reason: 'greets by name',
    rollout: { strategy: { kind: 'canary', steps, batch: 2 }, minHealthyMs: 3_000, maxUnavailable: 2 },
  });
  await until(up, '/v1/rollouts?group=production', ({ items: [rollout] }) => (rollout?.progress?.healthy ?? 0) >= 3);
}

interface Answer {
  readonly items: readonly { readonly progress?: { readonly healthy: number } | null }[];
}

async function until(up: UpFleet, path: string, holds: (answer: Answer) => boolean): Promise<void> {
  const condition = async () => holds((await (await fetch(`${up.dashboard}${path}`)).json()) as Answer);
  await eventually(condition, { timeoutMs: waitMs, what: path });
}

async function takeAll({ dashboard }: UpFleet, { open }: Screens): Promise<void> {
  const page = await open(`${dashboard}/`, size);
  await page.getByRole('listbox', { name: /Servers of Production/ }).waitFor();
  await take(page, 'fleet');
  await page.goto(`${dashboard}/groups/production`);
  await page.getByRole('grid', { name: 'Available Servers' }).getByRole('row', { name: 'web8' }).dblclick();
  await page.getByRole('region', { name: 'What Save will do' }).getByText('Then, in the pool').waitFor();
  await take(page, 'group');
  await page.goto(`${dashboard}/servers/web6`);
  await page.getByRole('heading', { name: 'For it to change' }).waitFor();
  await take(page, 'server');
  await page.goto(`${dashboard}/projects/orders`);
  await page.getByText('2.1.0-rc.1').first().waitFor();
  await take(page, 'projects');
  await page.goto(`${dashboard}/history`);
  await page.getByRole('button', { name: /its disk is to be changed/ }).click();
  await page.getByRole('heading', { name: 'For it to change' }).waitFor();
  await page.getByRole('heading', { name: 'History' }).scrollIntoViewIfNeeded();
  await take(page, 'history');
  await page.goto(`${dashboard}/?at=24`);
  await page.getByText('This is the past').waitFor();
  await page.getByRole('listbox', { name: /Servers of Production/ }).waitFor();
  await take(page, 'past');
  const dark = await open(`${dashboard}/groups/production/rollouts`, { ...size, colours: 'dark' });
  await dark.getByText('In motion').waitFor();
  await take(dark, 'rollout');
}

/** Once the page has drawn what it has read: fonts, too. */
async function take(page: Page, name: string): Promise<void> {
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

/** The sample's bytes with a line more, so that it is another version. */
function changed(home: string, sample: string): string {
  const to = join(home, `${sample}-next`);
  cpSync(join(samples, sample), to, { recursive: true });
  const file = join(to, 'project.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}# The next version.\n`);
  return to;
}

/** Its health path answers nothing good. */
function broken(home: string): string {
  const to = join(home, 'orders-broken');
  mkdirSync(to, { recursive: true });
  const text =
    'name: orders\nhealth: /orders/health\nroutes:\n  - path: /orders/health\n    respond: { status: 500 }\n';
  writeFileSync(join(to, 'project.yaml'), text);
  return to;
}
