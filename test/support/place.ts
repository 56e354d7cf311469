/** Where a process of a test runs: on this machine as it is, or on a host of its own with an address of its own. */
export interface Place {
  readonly address: string;
  /** Stands before its command line and becomes it: the process id is that of the program. */
  readonly enter: readonly string[];
}

export const thisMachine: Place = { address: '127.0.0.1', enter: [] };

/** Program and arguments as they are spawned there. */
export function commandAt({ enter }: Place, words: readonly [string, ...string[]]): readonly [string, string[]] {
  const [program, ...rest] = [...enter, ...words] as [string, ...string[]];
  return [program, rest];
}
