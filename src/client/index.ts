/** The package's entry point `muster`: the client of a fleet, for services. */
export { Failure, type FailureCode } from '../std/failure.ts';
export type { SendOptions, SendOutcome } from './command-sender.ts';
export type { EventsOptions } from './feed.ts';
export type { Laggard } from './failed-servers.ts';
export {
  type ConnectMusterOptions,
  type Muster,
  type SetServers,
  type SetServersOutcome,
  connectMuster,
  createMuster,
} from './muster.ts';
export type { Published } from './publishing.ts';
export type { QueryOptions, QueryResult } from './queries.ts';
export type { ReplacementWaitOptions, Replacing } from './replacement-wait.ts';
export type { RolloutOutcome, RolloutWaitOptions } from './rollout-follow.ts';
export type { TrafficStage, WaitOptions, WaitOutcome, WaitProgress } from './traffic-wait.ts';
