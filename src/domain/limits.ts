/** How much one fleet may hold. Each bound is a refusal with a name, `limit-reached`, never a slow surprise. */

/** A pool and a frontend each at every balancer; far past what anyone runs, far below what one leader folds at ease. */
export const groupsMax = 10_000;
/** One cell's size: ten times the fleet that is benchmarked. Past it, another fleet. */
export const serversMax = 100_000;
export const projectsMax = 10_000;
/** A version an hour for a year; each stays in the state and in every snapshot, retired ones too. */
export const versionsPerProjectMax = 10_000;
/** A directive lists every project of its group in one message: a thousand are some 200 KB. */
export const deploymentsPerGroupMax = 1_000;
/** Rollouts a group remembers: what `rollback` finds its way back by. A week of several a day; all of them are in the log. */
export const pastRolloutsMax = 50;
/** Every drain waits for every balancer of the group. */
export const balancersMax = 1_000;
/** Names told in one sentence; the rest is counted. */
export const namesToldMax = 5;
/** Characters quoted of what an asker sent, so that a rejection stays small. */
export const quotedCharactersMax = 64;
