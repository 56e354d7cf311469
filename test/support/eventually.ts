/** Waits for a condition instead of sleeping: the only way a test may wait for something it cannot await. */
import { natsReplicas } from './nats-choice.ts';

export interface EventuallyOptions {
  /** How long the condition may take to hold. */
  readonly timeoutMs?: number;
  /** What is waited for, for the message: "server s1 to be ready". */
  readonly what?: string;
}

/** Looks in a row, with nothing new in between, that make a count steady: far apart beside what one step takes. */
const steadyLooks = 15;

/** Waits until a count has grown, and grows no more. */
export async function steady(count: () => number, options: EventuallyOptions = {}): Promise<void> {
  let [last, same] = [Number.NaN, 0];
  await eventually(() => {
    const now = count();
    same = now > 0 && now === last ? same + 1 : 0;
    last = now;
    return same >= steadyLooks;
  }, options);
}

/**
 * Generous on a busy machine; a condition that holds is noticed within one poll. Three NATS servers that start or lose one
 * elect a leader of each stream, which takes up to 9 s, one election after another.
 */
const timeoutMsDefault = natsReplicas() > 1 ? 40_000 : 10_000;
/** Short enough not to slow a test, long enough not to load the machine. */
const pollMs = 20;

/** What is left of a type once the condition has held. */
type Truthy<T> = Exclude<T, undefined | null | false | 0 | ''>;

/**
 * Calls `condition` until it returns something truthy, and returns that. What it throws counts as "not yet" and is
 * the cause of the failure when the deadline passes. A call that never settles fails by the deadline too.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Truthy<T>> {
  const { timeoutMs = timeoutMsDefault, what = 'a condition' } = options;
  const deadlineAt = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    const leftMs = deadlineAt - performance.now();
    if (leftMs <= 0) break;
    const outcome = await attempt(condition, leftMs);
    if ('value' in outcome && outcome.value) return outcome.value as Truthy<T>;
    last = 'error' in outcome ? outcome.error : outcome.value;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const text = last instanceof Error ? last.message : String(last);
  throw new Error(`waited ${timeoutMs} ms for ${what}; last: ${text}`, { cause: last });
}

async function attempt<T>(
  condition: () => T | Promise<T>,
  timeoutMs: number,
): Promise<{ value: T } | { error: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the condition itself never settled')), timeoutMs);
  });
  try {
    return { value: await Promise.race([Promise.resolve().then(condition), late]) };
  } catch (error) {
    return { error };
  } finally {
    clearTimeout(timer);
  }
}
