/** The coordinator beside the log, for commands that read the log and can do without it. */
import type { Command } from 'commander';
import type { Muster } from '../../src/client/muster.ts';
import type { History } from './history.ts';
import { natsAccessOf } from './nats-access.ts';
import { globalOptions } from './session.ts';
import { natsUrlOf, principalOf, surroundings } from './target.ts';

/** Runs `work` with a connection to the fleet, or with undefined where no coordinator answers; says so then. */
export async function withCoordinator<T>(
  command: Command,
  { output, signal }: Pick<History, 'output' | 'signal'>,
  work: (muster: Muster | undefined) => Promise<T>,
): Promise<T> {
  const { connectMuster } = await import('../../src/client/muster.ts');
  const { Failure } = await import('../../src/std/failure.ts');
  const options = globalOptions(command);
  const principal = principalOf(options, surroundings());
  const muster = await connectMuster({
    url: natsUrlOf(options, surroundings()),
    ...natsAccessOf(process.env),
    fleet: options.fleet,
    principal,
    signal,
  });
  try {
    return await work((await isThere(muster)) ? muster : undefined);
  } finally {
    await muster.close();
  }

  async function isThere({ query }: Muster): Promise<boolean> {
    try {
      await query('coordinator', {});
      return true;
    } catch (caught) {
      if (!(caught instanceof Failure) || (caught.code !== 'no-responders' && caught.code !== 'timeout')) throw caught;
      output.step('no coordinator answers: what it holds is left out');
      return false;
    }
  }
}
