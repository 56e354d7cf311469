/** What programs that play from a seed are told on their command line. */
import { InvalidArgumentError } from 'commander';

export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number');
  return value;
}

/** Reads some of the faults there are, with commas between. */
export function namesAmong<T extends string>(faults: readonly T[]): (text: string) => T[] {
  return (text) => {
    const names = text.split(',');
    const unknown = names.find((name) => !(faults as readonly string[]).includes(name));
    if (unknown !== undefined) throw new InvalidArgumentError(`there is no fault "${unknown}"`);
    return names as T[];
  };
}
