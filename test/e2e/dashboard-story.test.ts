/**
 * The story the dashboard is for, in a real Chromium against `muster up`: a server is put into a group, gets everything
 * the group carries, takes traffic through a real HAProxy, and leaves again; by mouse, by keyboard alone, watched from a
 * second window, looked back on, and with the dashboard's own process killed under the page. One fleet for all of it:
 * the tests follow each other as a shift does.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FleetId, ServerId } from '../../schemas/ids.ts';
import type { Beat } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { dragOnto, openBrowser, type Screens, tabTo, violations } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { tarOf } from '../support/hand-built-tar.ts';
import { scriptedFleet } from '../support/scripted-fleet.ts';
import { type SteadyLoad, startLoad } from '../support/steady-load.ts';
import { startUpFleet, type UpFleet } from '../support/up-fleet.ts';

let fleet: UpFleet;
let screens: Screens;
let load: SteadyLoad;
/** What a minute of all this may cost: a drain waits for three quiet heartbeats. */
const arriveTimeoutMs = 30_000;

beforeAll(async () => {
  [fleet, screens] = await Promise.all([startUpFleet(), openBrowser()]);
  await fleet.startGateway('web3');
  load = startLoad({ origin: fleet.entry('production'), paths: ['/hello', '/orders'], clients: 4, pauseMs: 10 });
  await eventually(() => load.result.requests > 50, { what: 'the load to flow' });
});
afterAll(async () => {
  await load?.stop();
  await screens?.close();
  await fleet?.stop();
});
afterEach(async () => {
  expect(await screens.closePages(), 'pages complained of').toEqual([]);
  expect(load.result.failures, 'requests failed').toEqual([]);
});

const servers = (page: Page) => page.getByRole('grid', { name: 'Servers', exact: true });
const available = (page: Page) => page.getByRole('grid', { name: 'Available Servers' });
const rowOf = (page: Page, server: string) =>
  page
    .getByRole('table', { name: /Way to traffic/ })
    .getByRole('row')
    .filter({ hasText: server });

/** Until the row of the server says that every step of its way is done. */
async function arrives(page: Page, server: string): Promise<void> {
  await eventually(async () => (await rowOf(page, server).locator('.step[data-look="done"]').count()) === 6, {
    timeoutMs: arriveTimeoutMs,
    what: `${server} to have gone its whole way`,
  });
}

const answersOf = (server: string) => load.result.answersByServer.get(server) ?? 0;

async function takesTraffic(server: string): Promise<void> {
  const before = answersOf(server);
  await eventually(() => answersOf(server) > before + 20, { what: `answers of ${server}` });
}

describe('the dashboard', () => {
  let beforeJoining = 0;

  it('puts a server into a group by mouse: dragged, previewed, saved, watched into traffic, in every window', async () => {
    const page = await screens.open(`${fleet.dashboard}/`);
    await page.getByRole('link', { name: 'Production', exact: true }).click();
    await expectTitle(page, 'Production');
    const second = await screens.open(`${fleet.dashboard}/groups/production`, { colours: 'dark' });
    await available(second).getByRole('row', { name: 'web3' }).waitFor();
    beforeJoining = await positionNow(page);

    await dragOnto(page, available(page).getByRole('row', { name: 'web3' }), servers(page));
    await servers(page).getByRole('row', { name: 'web3' }).getByText('not saved').waitFor();
    const save = page.getByRole('region', { name: 'What Save will do' });
    await expectText(save, /web3 gets hello@1\.0\.0, orders@1\.0\.0, then takes traffic/);
    expect(await servers(second).getByRole('row', { name: 'web3' }).count(), 'moved is not saved').toBe(0);
    expect(answersOf('web3')).toBe(0);

    await page.getByRole('textbox', { name: 'Reason' }).fill('more room for the evening');
    await page.getByRole('button', { name: 'Save: 1 in' }).click();
    await Promise.all([arrives(page, 'web3'), arrives(second, 'web3')]);
    await servers(second).getByRole('row', { name: 'web3' }).waitFor();
    await takesTraffic('web3');
    await expectText(second.getByRole('region', { name: 'Lately' }), /web3 is ready in production/);
    await expectText(second.getByRole('region', { name: 'Lately' }), /more room for the evening/);
  });

  it('tells what flows through a group and a server, as gateways count it', async () => {
    const page = await screens.open(`${fleet.dashboard}/`);
    const card = page.getByRole('region', { name: 'Production' });
    await expectText(card, /[1-9][\d.]* requests\/s, none failing, [\d.]+ ms/);
    await expectText(page.getByRole('region', { name: 'Development' }), /0 requests\/s/);
    await page.goto(`${fleet.dashboard}/servers/web3`);
    await expectText(page.getByRole('region', { name: 'Now' }), /Traffic[1-9][\d.]* requests\/s, none failing/);
  });

  it('shows every screen as it was before, says so, and lets nothing be changed there', async () => {
    const page = await screens.open(`${fleet.dashboard}/groups/production`);
    await servers(page).getByRole('row', { name: 'web3' }).waitFor();
    const rail = page.getByRole('slider', { name: /Instant shown/ });
    await rail.focus();
    while ((await positionShown(page)) > beforeJoining) await page.keyboard.press('ArrowLeft');
    await page.getByText('This is the past').waitFor();
    expect(await page.title()).toContain('PAST');
    await available(page).getByRole('row', { name: 'web3' }).waitFor();
    await servers(page).getByRole('row', { name: 'web3' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Deploy' }).click();
    await page.getByText(/Go back to now to change something/).waitFor();

    await page.getByRole('link', { name: 'Fleet', exact: true }).first().click();
    await page.getByText('This is the past').waitFor();
    await page.getByRole('listbox', { name: 'Servers of Production: 1 ready' }).waitFor();
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.getByRole('listbox', { name: 'Servers of Production: 2 ready' }).waitFor();
    expect(await page.getByText('This is the past').count()).toBe(0);
  });

  it('takes a server out, puts it in another one’s place, and drags that one in again, by keyboard alone', async () => {
    const page = await screens.open(`${fleet.dashboard}/`);
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    await tabTo(page, 'a[href="/groups/production"]');
    await page.keyboard.press('Enter');
    await expectTitle(page, 'Production');
    await servers(page).getByRole('row', { name: 'web3' }).waitFor();

    await tabTo(page, '[role="grid"][aria-label="Servers"]');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await saveByKeyboard(page, 'Save: 1 out');
    await available(page).getByRole('row', { name: 'web3' }).waitFor({ timeout: arriveTimeoutMs });
    await eventually(async () => !(await quietly('web3')), { what: 'no more answers of web3' });

    await goByName(page, 'apigateway1');
    await expectTitle(page, 'apigateway1');
    await tabTo(page, 'button[aria-label="More to do"]');
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Replace' }).waitFor();
    await page.keyboard.type('Repl');
    await page.keyboard.press('Enter');
    await tabTo(page, '[role="dialog"] [role="combobox"]');
    await page.keyboard.type('web');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await tabTo(page, '[role="dialog"] button[type="submit"]');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await takesTraffic('web3');
    await page.getByText('Nothing: it is in no group.').waitFor({ timeout: arriveTimeoutMs });

    await goByName(page, 'group Production');
    await expectTitle(page, 'Production');
    await dragByKeyboard(page, 'Available Servers', 'Servers');
    await servers(page).getByRole('row', { name: 'apigateway1' }).getByText('not saved').waitFor();
    await saveByKeyboard(page, 'Save: 1 in');
    await arrives(page, 'apigateway1');
    await takesTraffic('apigateway1');
    // Whoever changed keeps the place that its name gives it.
    expect(await servers(page).locator('.list-name').allTextContents()).toEqual(['apigateway1', 'web3']);
  });

  it('pauses, resumes, aborts and promotes a rollout, by mouse and by keyboard, each with its reason', async () => {
    const page = await screens.open(`${fleet.dashboard}/groups/production/rollouts`);
    const second = await screens.open(`${fleet.dashboard}/groups/production`, { colours: 'dark' });
    await page.getByText('No rollout is under way').waitFor();
    await publish('1.1.0', []);
    const canary = {
      strategy: { kind: 'canary', steps: [{ servers: 1, bakeMs: 600_000 }], batch: 1 },
      minHealthyMs: 0,
    };
    const request = { group: 'Production', project: 'hello', version: '1.1.0', rollout: canary };
    await fleet.ask('deployment.request', request);
    const underWay = page.getByRole('region', { name: 'hello 1.0.0 → 1.1.0' });

    await underWay.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('a call came in');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await second.getByRole('link', { name: 'Rollouts paused' }).waitFor();
    await expectText(underWay, /a call came in/);
    await decideByKeyboard(page, 'Resume', 'the call is over');
    await second.getByRole('link', { name: 'Rollouts running' }).waitFor();
    await underWay.getByRole('button', { name: 'Abort' }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('not today');
    await page.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
    const over = page.getByRole('region', { name: 'Over' }).getByRole('row').filter({ hasText: 'hello 1.0.0 → 1.1.0' });
    await over.getByText('rolled-back').waitFor({ timeout: arriveTimeoutMs });
    await expectText(page.getByRole('region', { name: 'Step by step' }), /not today/);

    await fleet.ask('deployment.request', request);
    await expectText(underWay, /1 of \d+ healthy, 1 told/);
    await decideByKeyboard(page, 'Promote', 'it greets well');
    await over.getByText('succeeded').waitFor({ timeout: arriveTimeoutMs });
    await second.getByRole('list', { name: 'What the group carries' }).getByText('1.1.0').waitFor();
    await expectText(page.getByRole('region', { name: 'Step by step' }), /it greets well/);
  });

  it('counts a server’s bundles one by one, as its heartbeats do', async () => {
    const bus = await connectBus({ url: fleet.natsUrl, principal: 'e2e', clock: systemClock });
    const main = 'main' as FleetId;
    const server = 'played' as ServerId;
    try {
      const played = scriptedFleet(bus, main);
      await played.register(server, 9);
      for (const group of ['Edge', 'Empty']) await fleet.ask('group.create', { group });
      for (const project of ['hello', 'orders']) {
        await fleet.ask('deployment.request', { group: 'Edge', project, version: '1.0.0' });
      }
      await fleet.ask('server.join', { server, group: 'Edge' });
      const page = await screens.open(`${fleet.dashboard}/groups/edge`);
      const stamp = { term: 0, position: 0 };
      const idle = { server, instance: 'i1', assignment: stamp, directive: stamp, inFlight: 0, healthy: true };
      // Its rollouts may still tell it something newer: as an agent does, each beat is about the newest.
      const directive = () => eventually(() => played.directive('edge', server), { what: 'its directive' });
      const beats = async (bundles: number) => {
        const { log, position } = await directive();
        const beat: Beat = { ...idle, log, sync: { position, bundles, of: 2 } };
        bus.publish({ subject: subjects.beat(main, server), data: encodeMessage(beat) });
        return (await rowOf(page, server).getByText(`${bundles} of 2`).count()) > 0;
      };
      for (const bundles of [0, 1, 2])
        await eventually(() => beats(bundles), { what: `${bundles} of 2 on the screen` });
      expect(
        await rowOf(page, server).locator('.step[data-look="done"]').count(),
        'proved is what a receipt says',
      ).toBe(1);
      played.receipt(await directive());
      await eventually(async () => (await rowOf(page, server).locator('.step[data-look="done"]').count()) >= 4, {
        what: 'its receipt to be seen',
      });
    } finally {
      await bus.close();
    }
  });

  it('shows a deployment that fails go back by itself, and why, in every window', async () => {
    const page = await screens.open(`${fleet.dashboard}/groups/production/rollouts`);
    const second = await screens.open(`${fleet.dashboard}/groups/production`);
    await page.getByText('No rollout is under way').waitFor();
    await second.getByRole('link', { name: 'Rollouts' }).waitFor();
    await publish('2.0.0', [
      'health: /hello/health',
      'routes:',
      '  - path: /hello/health',
      '    respond: { status: 500 }',
    ]);
    await fleet.ask('deployment.request', {
      group: 'Production',
      project: 'hello',
      version: '2.0.0',
      reason: 'a greeting that is not well',
      rollout: {
        strategy: { kind: 'all-at-once' },
        minHealthyMs: 0,
        progressDeadlineMs: 3_000,
        healthyDeadlineMs: 3_000,
      },
    });
    await page.getByRole('region', { name: 'hello 1.1.0 → 2.0.0' }).waitFor();
    await second.getByRole('link', { name: /Rollouts (running|rolling-back)/ }).waitFor();
    const over = page.getByRole('region', { name: 'Over' }).getByRole('row').filter({ hasText: 'hello 1.1.0 → 2.0.0' });
    await over.getByText('rolled-back').waitFor({ timeout: arriveTimeoutMs });
    await expectText(page.getByRole('region', { name: 'Step by step' }), /a greeting that is not well/);
    await second.getByText('hello@2.0.0').first().waitFor();
    await Promise.all(['apigateway1', 'web3'].map((server) => arrives(second, server)));
    await takesTraffic('web3');
  });

  it('says that its connection is lost when the dashboard is killed, and heals without being loaded anew', async () => {
    const page = await screens.open(`${fleet.dashboard}/groups/production`, { allowed: /Failed to load resource/ });
    await servers(page).getByRole('row', { name: 'web3' }).waitFor();
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
    fleet.kill('dashboard');
    await page.getByText('Connection lost').waitFor();
    expect(await servers(page).getByRole('row', { name: 'web3' }).count(), 'what was heard stays').toBe(1);
    const { code, text } = await fleet.run('server', 'leave', 'web3');
    expect(code, text).toBe(0);
    await page.getByText('Connection lost').waitFor({ state: 'detached', timeout: arriveTimeoutMs });
    await available(page).getByRole('row', { name: 'web3' }).waitFor({ timeout: arriveTimeoutMs });
    expect(await page.evaluate(() => 'sameDocument' in globalThis)).toBe(true);
  });

  it('has no accessibility violation on any screen, light and dark, now and in the past', async () => {
    const paths = ['/', '/groups/production', '/groups/production/rollouts', '/servers/web3', '/projects', '/history'];
    for (const colours of ['light', 'dark'] as const) {
      const page = await screens.open(`${fleet.dashboard}/`, { colours });
      for (const path of [...paths, '/groups/production?at=20']) {
        await page.goto(`${fleet.dashboard}${path}`);
        await page.locator('.panel').first().waitFor();
        await eventually(async () => (await page.locator('.reading').count()) === 0, { what: `${path} to be read` });
        expect(await violations(page), `${path}, ${colours}`).toEqual([]);
      }
    }
  });
});

/** A version of `hello` with these lines beside its name; without any it is the sample with a line more. */
async function publish(version: string, lines: readonly string[]): Promise<void> {
  const sample = readFileSync(resolve(import.meta.dirname, '../../services/cli/samples/hello/project.yaml'), 'utf8');
  const text = lines.length === 0 ? `${sample}# ${version}` : ['name: hello', ...lines].join('\n');
  const response = await fetch(`${fleet.dashboard}/v1/projects/hello/versions/${version}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-tar' },
    body: tarOf([{ name: 'project.yaml', content: `${text}\n` }]),
  });
  expect(response.status, await response.text()).toBe(200);
}

async function expectTitle(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  await eventually(async () => (await page.title()).startsWith(`${title} `), { what: `the title ${title}` });
}

async function expectText(within: ReturnType<Page['getByRole']>, text: RegExp): Promise<void> {
  await eventually(async () => text.test((await within.textContent()) ?? ''), { what: `the words ${text}` });
}

async function saveByKeyboard(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name });
  await button.waitFor();
  await tabTo(page, '.save-form button[type="submit"]');
  await page.keyboard.press('Enter');
  await button.waitFor({ state: 'detached' });
}

/** Ctrl K, a few letters, Enter. */
async function goByName(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog', { name: 'Go to' }).waitFor();
  await page.keyboard.type(name);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
}

/** Its first row, by its grip: Enter takes it, Tab goes to where it may be put, Enter puts it there. */
async function dragByKeyboard(page: Page, from: string, onto: string): Promise<void> {
  await tabTo(page, `[role="grid"][aria-label="${from}"]`);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await tabTo(page, `[role="grid"][aria-label="${onto}"][data-drop-target]`);
  await page.keyboard.press('Enter');
}

/** One of the buttons of a rollout, and its reason. */
async function decideByKeyboard(page: Page, button: string, reason: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: `${button} the rollout?` });
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await page.evaluate('document.activeElement.textContent')) === button) break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  await page.keyboard.type(reason);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
}

/** Whether it answered since the last look, a moment ago. */
async function quietly(server: string): Promise<boolean> {
  const before = answersOf(server);
  const seen = load.result.requests;
  await eventually(() => load.result.requests > seen + 40, { what: 'more requests' });
  return answersOf(server) > before;
}

async function positionShown(page: Page): Promise<number> {
  return Number(await page.getByRole('slider', { name: /Instant shown/ }).inputValue());
}

const positionNow = positionShown;
