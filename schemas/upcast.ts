/**
 * Lifts stored events to today's shapes, once, where they are read: everything behind the read edge knows one shape
 * of each event. A stored byte is never rewritten.
 *
 * To change a shape: append one function to the type's chain. It takes the event as the version before had it and
 * gives it as the next one has it. The chain's length is what today's version follows from; nothing is ever removed.
 */
import { type EventType, eventTypes } from './events.ts';
import type { GroupPolicy } from './policy.ts';
import type { RolloutPolicy } from './rollout.ts';

/** An event as it was stored: of a known head, with data of whatever version it was written at. */
export interface StoredEvent {
  readonly type: EventType;
  readonly version: number;
  readonly data: unknown;
  readonly [field: string]: unknown;
}
/** From one version's data to the next one's. Pure; sees the whole event, gives the new data. */
export type Upcaster = (event: StoredEvent) => unknown;

/** By type: the step from version 1 to 2, from 2 to 3, and so on. A type that is not here has had one version. */
const upcasters: { readonly [T in EventType]?: readonly Upcaster[] } = {
  'group.created': [withWholePolicy, withRolloutPolicy, withoutPolicyProbe],
  'group.configured': [withWholePolicy, withRolloutPolicy, withoutPolicyProbe],
  // Everybody was told at once then, nobody was watched, and nothing ever went back.
  'deployment.requested': [
    ({ data }) => ({ ...(data as object), rollout: rolloutOfVersion1, supersedes: null, tellsAll: true }),
    withoutProbe,
  ],
  'release.requested': [withoutProbe],
  // A failure was final then: whoever had failed was shown as failed.
  'server.sync-failed': [({ data }) => ({ ...(data as object), final: true })],
};

/** What a policy meant before it said so: the defaults of that day, whatever today's are. */
const policyOfVersion1: Partial<GroupPolicy> = {
  leaseMs: 6_000,
  syncsMax: 10,
  floorPercent: 50,
  floorWindowMs: 300_000,
};

/** Before anything could be probed. */
type Unprobed = Omit<RolloutPolicy, 'probe'>;

/** What a group without a word about rollouts is under since: the defaults of that day. */
const rolloutOfVersion2: Unprobed = {
  strategy: { kind: 'rolling', batch: 1 },
  change: 'hot',
  maxUnavailable: 1,
  minHealthyMs: 10_000,
  healthyDeadlineMs: 300_000,
  progressDeadlineMs: 600_000,
  failuresAllowed: 0,
  autoRollback: true,
  errorRateMax: null,
  latencyRatioMax: null,
};

/** Thirty days: as good as no deadline. */
const longestMs = 2_592_000_000;
const rolloutOfVersion1: Unprobed = {
  strategy: { kind: 'all-at-once' },
  change: 'hot',
  maxUnavailable: '100%',
  minHealthyMs: 0,
  healthyDeadlineMs: longestMs,
  progressDeadlineMs: longestMs,
  failuresAllowed: 100_000,
  autoRollback: false,
  errorRateMax: null,
  latencyRatioMax: null,
};

function withRolloutPolicy({ data }: StoredEvent): unknown {
  const { policy, ...rest } = data as { readonly policy: object };
  return { ...rest, policy: { rollout: rolloutOfVersion2, ...policy } };
}

function withoutPolicyProbe({ data }: StoredEvent): unknown {
  const { policy, ...rest } = data as { readonly policy: { readonly rollout: object } };
  return { ...rest, policy: { ...policy, rollout: { probe: null, ...policy.rollout } } };
}

function withoutProbe({ data }: StoredEvent): unknown {
  const { rollout, ...rest } = data as { readonly rollout: object };
  return { ...rest, rollout: { probe: null, ...rollout } };
}

function withWholePolicy({ data }: StoredEvent): unknown {
  const { policy, ...rest } = data as { readonly policy: object };
  return { ...rest, policy: { ...policyOfVersion1, ...policy } };
}

const versionByType: ReadonlyMap<string, number> = new Map(
  eventTypes.map((type) => [type, 1 + (upcasters[type]?.length ?? 0)]),
);

/** The version new events of this type are written at. */
export function eventVersion(type: EventType): number {
  return versionByType.get(type) ?? 1;
}

/**
 * The event in today's shape. What is no event of a known type, or is of a later version than this program knows,
 * comes back as it is: the schema then says what is wrong with it.
 */
export function upcast(raw: unknown): unknown {
  const event = raw as StoredEvent;
  const today = typeof raw === 'object' && raw !== null ? versionByType.get(event.type) : undefined;
  if (today === undefined || event.version === today) return raw;
  return liftBy(upcasters[event.type] ?? [], event);
}

/** Applies what lies between the event's version and the end of the chain. */
export function liftBy(chain: readonly Upcaster[], event: StoredEvent): StoredEvent {
  let lifted = event;
  for (let version = event.version; version >= 1 && version <= chain.length; version++) {
    const step = chain[version - 1] as Upcaster;
    lifted = { ...lifted, version: version + 1, data: step(lifted) };
  }
  return lifted;
}
