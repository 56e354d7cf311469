/** What every command that changes something ends in: the change itself, or with `--what-if` what would follow from it. */
import type { Command } from 'commander';
import type { CommandPayloadInput, CommandType } from '../../schemas/commands.ts';
import type { ChangeOptions } from './change-options.ts';
import { withMuster } from './session.ts';

export interface ChangeAsked<T extends CommandType> {
  readonly type: T;
  readonly payload: CommandPayloadInput<T>;
  readonly options: ChangeOptions;
}

export async function carryOut<T extends CommandType>(command: Command, asked: ChangeAsked<T>): Promise<void> {
  if (asked.options.whatIf === true) {
    const { showForecast } = await import('./what-if.ts');
    return showForecast(command, [{ type: asked.type, body: bodyOf(asked) }]);
  }
  const { change } = await import('./change.ts');
  await withMuster(command, (session) => change(session, asked));
}

function bodyOf<T extends CommandType>({ payload, options: { reason, ifPosition } }: ChangeAsked<T>): object {
  return {
    ...payload,
    ...(reason === undefined ? {} : { reason }),
    ...(ifPosition === undefined ? {} : { ifPosition }),
  };
}
