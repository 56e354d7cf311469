/** Two-stage signals: the first asks to stop, a later one forces. */

export interface TwoSignals {
  readonly stop: () => void;
  readonly force: () => void;
}

/**
 * One Ctrl-C may come twice: a terminal sends it to the whole group, and npm passes on what it gets. Nobody means to
 * force within this time.
 */
const sameSignalMs = 750;

export function onTwoSignals({ stop, force }: TwoSignals): void {
  let firstAt: number | undefined;
  const onSignal = () => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      stop();
    } else if (now - firstAt > sameSignalMs) force();
  };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, onSignal);
}
