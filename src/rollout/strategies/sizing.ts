/** What a strategy is asked with, and what it answers: every sibling of this file is one, with the same two functions. */

export interface Sizing {
  /** Servers of the group, by the log. */
  readonly members: number;
  /** Of them those told already. */
  readonly moved: number;
  /** Servers that could be told next. */
  readonly candidates: number;
}

/** What holds the rollout after its present step is healthy. */
export interface Hold {
  readonly bakeMs: number;
  readonly pause: boolean;
}

export const noHold: Hold = { bakeMs: 0, pause: false };
