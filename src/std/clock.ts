/** Time comes in: whatever waits or stamps takes a `Clock`, so that a test or a simulation can own time. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch. For stamps only: it may jump. */
  now(): number;
  /** Milliseconds that never go back. For deadlines and durations. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`. The timer does not keep a process alive by itself. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` after the present turn of the event loop: what the turn itself has to say is on its way first. */
  soon(run: () => void): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (run) => void setImmediate(run),
};
