/** A command that is a service, in the foreground. What runs it is loaded here, so that `--help` does not pay for it. */
import type { Command } from 'commander';
import type { RunningService } from './run-service.ts';
import { globalOptions } from './session.ts';
import { type GlobalOptions, natsUrlOf, surroundings } from './target.ts';

export interface Serving {
  readonly global: GlobalOptions;
  readonly natsUrl: string;
}

/** Ends the process itself, once the service has ended. */
export async function serve(command: Command, start: (serving: Serving) => Promise<RunningService>): Promise<void> {
  const global = globalOptions(command);
  const natsUrl = natsUrlOf(global, surroundings());
  const { runService } = await import('./run-service.ts');
  await runService({ global, natsUrl, start: () => start({ global, natsUrl }) });
}
