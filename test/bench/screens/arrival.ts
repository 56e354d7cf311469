/**
 * How long a change takes from its acknowledgement on the bus to a person's screen: `muster up`, its dashboard, and a
 * real Chromium on one machine; commands by the SDK, as any service sends them.
 */
import type { Page } from 'playwright-core';
import type { GroupName, ServerId } from '../../../schemas/ids.ts';
import type { SendOutcome } from '../../../src/client/command-sender.ts';
import { connectMuster, type Muster } from '../../../src/client/muster.ts';
import { openBrowser, type Screens } from '../../support/browser.ts';
import { startUpFleet, type UpFleet } from '../../support/up-fleet.ts';
import { quantile } from '../harness.ts';
import { clockOffsetMs, nowMs, watchFor } from './shown.ts';

const changesEach = 60;
/** Between two changes, so that they meet the page in every phase of its own work; drawn from a fixed sequence. */
const pauses = { fromMs: 120, toMs: 620 } as const;
const server = 'apigateway1' as ServerId;
const group = 'Production' as GroupName;

/** A change that shows on a screen, and by what. */
interface Change {
  readonly screen: string;
  readonly path: string;
  readonly selector: string;
  ask(muster: Muster, index: number): Promise<SendOutcome>;
  pattern(index: number): string;
}

const changes: readonly Change[] = [
  {
    screen: 'server: its weight',
    path: `/servers/${server}`,
    selector: '.facts',
    ask: (muster, index) => muster.send('server.configure', { server, weight: 1 + (index % 250) }),
    pattern: (index) => `Weight${1 + (index % 250)}Agent`,
  },
  {
    screen: 'group: cordoned, in its row',
    path: '/groups/production',
    selector: '.way .rows-row',
    ask: (muster, index) => muster.send(index % 2 === 0 ? 'server.cordon' : 'server.uncordon', { server }),
    pattern: (index) => (index % 2 === 0 ? 'takes traffic; cordoned' : 'takes traffic$'),
  },
  {
    screen: 'fleet: what happened lately',
    path: '/',
    selector: '.fleet-side',
    ask: (muster, index) =>
      muster.send('group.configure', { group, policy: { syncsMax: 1 + (index % 2) } }, { reason: `change ${index}.` }),
    pattern: (index) => `change ${index}\\.`,
  },
];

export async function measureArrival(say: (line: string) => void): Promise<void> {
  const fleet = await startUpFleet();
  const screens = await openBrowser();
  const muster = await connectMuster({ url: fleet.natsUrl, principal: 'bench' });
  try {
    for (const change of changes) say(lineOf(change, await arrivals(change, { fleet, screens, muster })));
  } finally {
    await muster.close();
    await screens.close();
    await fleet.stop();
  }
}

interface Rig {
  readonly fleet: UpFleet;
  readonly screens: Screens;
  readonly muster: Muster;
}

/** Milliseconds, one a change. */
async function arrivals(change: Change, { fleet, screens, muster }: Rig): Promise<number[]> {
  const page = await screens.open(`${fleet.dashboard}${change.path}`);
  await page.locator(change.selector).first().waitFor();
  const offsetMs = await clockOffsetMs(page);
  const took: number[] = [];
  // Two that do not count: the page's first reading of each kind compiles what it runs.
  for (let index = -2; index < changesEach; index += 1) {
    await page.waitForTimeout(pauses.fromMs + (((index + 2) * 0.618) % 1) * (pauses.toMs - pauses.fromMs));
    const ms = await one(page, change, { muster, index: index + 2, offsetMs });
    if (index >= 0) took.push(ms);
  }
  await screens.closePages();
  return took;
}

async function one(
  page: Page,
  { selector, ask, pattern }: Change,
  { muster, index, offsetMs }: { readonly muster: Muster; readonly index: number; readonly offsetMs: number },
): Promise<number> {
  const shown = await watchFor(page, selector, pattern(index));
  const outcome = await ask(muster, index);
  const acknowledgedAt = nowMs();
  if (outcome.status !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`);
  return (await shown()) + offsetMs - acknowledgedAt;
}

function lineOf({ screen }: Change, took: readonly number[]): string {
  const [p50, p95, worst] = [quantile(took, 0.5), quantile(took, 0.95), Math.max(...took)].map((ms) => ms.toFixed(0));
  return `${screen.padEnd(30)} ${took.length} changes: p50 ${p50} ms, p95 ${p95} ms, worst ${worst} ms (target: at most 200)`;
}
