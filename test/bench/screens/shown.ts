/** When a page shows something: by the page's own clock, set against ours, at the frame that draws the change. */
import type { Page } from 'playwright-core';

/** Round trips of which the shortest says best how the clocks stand to each other. */
const readings = 20;

/** Milliseconds since the epoch by the monotonic clock. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** What is added to the page's clock to get ours; wrong by half a round trip at most. */
export async function clockOffsetMs(page: Page): Promise<number> {
  let best = { roundTripMs: Number.POSITIVE_INFINITY, offsetMs: 0 };
  for (let reading = 0; reading < readings; reading += 1) {
    const beganAt = nowMs();
    const theirs = await page.evaluate<number>('performance.timeOrigin + performance.now()');
    const roundTripMs = nowMs() - beganAt;
    if (roundTripMs < best.roundTripMs) best = { roundTripMs, offsetMs: beganAt + roundTripMs / 2 - theirs };
  }
  return best.offsetMs;
}

/**
 * Begins to watch; the returned function waits until the element's text fits, and says when the next frame was drawn,
 * by the page's clock. A string, since what is compiled for Node refers to what a page does not have.
 */
export async function watchFor(page: Page, selector: string, pattern: string): Promise<() => Promise<number>> {
  const fits = `new RegExp(${JSON.stringify(pattern)}).test(document.querySelector(${JSON.stringify(selector)})?.textContent ?? '')`;
  await page.evaluate(`(() => {
    globalThis.shown = new Promise((resolve) => {
      const drawn = () => requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
      const observer = new MutationObserver(() => {
        if (!(${fits})) return;
        observer.disconnect();
        drawn();
      });
      if (${fits}) drawn();
      else observer.observe(document.documentElement, { subtree: true, childList: true, characterData: true, attributes: true });
    });
  })()`);
  return () => page.evaluate<number>('globalThis.shown');
}
