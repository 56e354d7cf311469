/** `--what-if`: the command folded on a fork of the fleet, and everything that would come of it. Nothing is sent. */
import type { Command } from 'commander';
import type { Principal } from '../../schemas/ids.ts';
import type { ForecastCommand } from '../../src/forecast/forecast.ts';
import { exitCodes } from './exit-codes.ts';
import { forecastPage } from './forecast-page.ts';
import { withHistory } from './history.ts';
import { globalOptions } from './session.ts';
import { principalOf, surroundings } from './target.ts';

export async function showForecast(command: Command, commands: readonly ForecastCommand[]): Promise<void> {
  await withHistory(command, undefined, async ({ source, live, progress, signal, output }) => {
    const { stateNow } = await import('../../src/audit/as-of.ts');
    const { forecast } = await import('../../src/forecast/forecast.ts');
    const { state } = await stateNow({ source, progress, signal, ...(live === undefined ? {} : { live }) });
    const principal = askingPrincipal(command);
    const told = forecast(state, { commands, principal, now: Date.now() });
    await output.data(told, (paint) => forecastPage(told, paint));
    return told.decisions.some(({ status }) => status === 'rejected') ? exitCodes.rejected : exitCodes.done;
  });
}

export function askingPrincipal(command: Command): Principal {
  return principalOf(globalOptions(command), surroundings());
}
