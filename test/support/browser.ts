/**
 * A real Chromium without a window, and pages in it that fail their test on anything the page itself complains of:
 * an exception, a line on the console's error stream, a breach of the content security policy.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { findProgram } from '../../services/cli/programs.ts';
import { eventually } from './eventually.ts';

/** Quiet: on a machine without a way out each background connection is one more refused. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** What a person would give a page on a busy machine before calling it broken. */
const actionTimeoutMs = 15_000;

export interface Screens {
  readonly browser: Browser;
  /** A window of its own: nothing is shared with the others. */
  open(url: string, options?: OpenOptions): Promise<Page>;
  /** Closes every page, and says what they complained of that was not allowed. */
  closePages(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly colours?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  readonly scale?: number;
  /** What this test makes the page complain of, on purpose. */
  readonly allowed?: RegExp;
}

export async function openBrowser(): Promise<Screens> {
  const executablePath = findProgram('chromium') ?? findProgram('google-chrome');
  if (executablePath === undefined) throw new Error('no chromium on the PATH; next: apt-get install chromium');
  const browser = await chromium.launch({ executablePath, args: flags });
  let complaints: string[] = [];
  let contexts: BrowserContext[] = [];
  const closePages = async () => {
    // What a page says while it is torn down is about that, and nobody sees it.
    const said = complaints;
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
    complaints = [];
    return said;
  };
  return {
    browser,
    async open(url, { colours = 'light', width = 1_440, height = 900, scale = 1, allowed } = {}) {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: colours,
        deviceScaleFactor: scale,
      });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(actionTimeoutMs);
      const complain = (text: string) => {
        if (allowed?.test(text) !== true) complaints.push(`${url}: ${text}`);
      };
      page.on('console', (message) => {
        if (message.type() === 'error') complain(message.text());
      });
      page.on('pageerror', (error) => complain(error.stack ?? error.message));
      await page.goto(url);
      return page;
    },
    closePages,
    async close() {
      await closePages();
      await browser.close();
    },
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every violation axe-core finds in the page as it stands, one line each; best practices count too. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    interface Violation {
      readonly id: string;
      readonly help: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
    }
    const { violations: found } = await axe.run();
    return found.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${failureSummary}`),
    );
  });
}

/** Presses Tab until the focus is in what is asked for; who needs more presses than a patient person has is lost. */
export async function tabTo(page: Page, selector: string, pressesMax = 60): Promise<void> {
  for (let presses = 0; presses < pressesMax; presses += 1) {
    if ((await page.locator(`${selector}:focus, ${selector} :focus`).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${pressesMax} presses of Tab did not reach ${selector}`);
}

/** As a hand does it: pressed, moved a little, moved on, and let go once the place below says that it would take it. */
export async function dragOnto(page: Page, what: Locator, onto: Locator): Promise<void> {
  // A list that is drawn anew has no box for a moment.
  const boxOf = (of: Locator) =>
    eventually(async () => (await of.boundingBox()) ?? undefined, { what: 'a place on the screen' });
  const [from, to] = [await boxOf(what), await boxOf(onto)];
  await page.mouse.move(from.x + from.width / 3, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x + from.width / 4, from.y + from.height / 2, { steps: 4 });
  await page.mouse.move(to.x + to.width / 2, to.y + to.height * 0.8, { steps: 8 });
  await eventually(() => onto.evaluate((element) => element.hasAttribute('data-drop-target')), {
    what: 'the place below to take what is dragged',
  });
  await page.mouse.up();
}
