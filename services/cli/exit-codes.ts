/** Exit codes that tell the truth: scripts branch on them, so each has one meaning and never another. */
export const exitCodes = {
  /** Done, or it was so already. */
  done: 0,
  /** The fleet refused: nothing was changed. */
  rejected: 1,
  /** The command line is wrong: nothing was sent. */
  usage: 2,
  /** The change was accepted and failed on the way. */
  failed: 3,
  /** Neither bus nor coordinator could be reached, or no outcome came. */
  unreachable: 4,
  /** Waited too long; the change goes on. The number `timeout(1)` uses. */
  waitedTooLong: 124,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
