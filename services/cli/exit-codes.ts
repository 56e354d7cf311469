/** Exit codes that tell the truth: scripts branch on them, so each has one meaning and never another. */
export const exitCodes = {
  /** Done, or it was so already. */
  done: 0,
  /** The fleet refused: nothing was changed. */
  rejected: 1,
  /** The command line is wrong: nothing was sent. */
  usage: 2,
  /** The change was accepted and failed on the way, or its rollout has halted. */
  failed: 3,
  /** The change was accepted, and its rollout went back to what was before. */
  rolledBack: 4,
  /** The rollout is paused and waits for a person. */
  needsPerson: 5,
  /** What it was planned on has changed since: nothing was changed, or nothing more. */
  conflict: 6,
  /** Neither bus nor coordinator could be reached, or no outcome came. The number `sysexits.h` gives it. */
  unreachable: 69,
  /** Waited too long; the change goes on. The number `timeout(1)` uses. */
  waitedTooLong: 124,
  /** Whoever read the data wanted no more of it, as `head` does. The number shells give for SIGPIPE. */
  unread: 141,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
