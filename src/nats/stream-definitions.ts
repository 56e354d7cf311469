/** The streams of a fleet as data: what each holds, for how long, and what may never be done to it. */
import type { StreamDefinition } from './bus.ts';

export interface StreamNames {
  readonly log: string;
  readonly commands: string;
  readonly groups: string;
  readonly pools: string;
  readonly feed: string;
  /** Buckets of the object store, not streams: theirs are `OBJ_<bucket>`. */
  readonly bundles: string;
  readonly snapshots: string;
}

export function streamNames(fleet: string): StreamNames {
  const name = (what: string) => `MUSTER_${fleet}_${what}`;
  return {
    log: name('LOG'),
    commands: name('COMMANDS'),
    groups: name('GROUPS'),
    pools: name('POOLS'),
    feed: name('FEED'),
    bundles: name('BUNDLES'),
    snapshots: name('SNAPSHOTS'),
  };
}

/** The most a stream may take on disk, in bytes. */
export interface StreamSizes {
  readonly log: number;
  readonly commands: number;
  readonly groups: number;
  readonly pools: number;
  readonly feed: number;
}

const mebibyte = 1024 * 1024;

/**
 * The server reserves what a stream may take when it is created and refuses what its `max_file_store` (three quarters
 * of the free disk by default) does not cover. So the defaults, 7 GiB together, fit a laptop; a large fleet sets its own.
 * The log never shrinks: at 0.4 kB an event, 4 GiB hold ten million events.
 */
export const defaultStreamSizes: StreamSizes = {
  log: 4096 * mebibyte,
  commands: 1024 * mebibyte,
  groups: 512 * mebibyte,
  pools: 512 * mebibyte,
  feed: 1024 * mebibyte,
};

/** The largest record: the most `decide` lets one event take, 384 KiB, and a frame around it. */
export const recordBytesMax = 512 * 1024;
/** The largest command: what the wire accepts from outside. */
export const commandBytesMax = 256 * 1024;
/** The feed is a convenience over the log: a month of it, and its sizes. */
const feedAgeMaxMs = 30 * 24 * 60 * 60 * 1000;

export interface StreamDefinitionOptions {
  /** Copies in the cluster: 1 on a single server, else 3. */
  readonly replicas: number;
  /** Where the defaults do not fit. */
  readonly sizes?: Partial<StreamSizes>;
}

export type StreamDefinitions = Readonly<Record<keyof StreamSizes, StreamDefinition>>;

export function streamDefinitions(fleet: string, { replicas, sizes }: StreamDefinitionOptions): StreamDefinitions {
  const names = streamNames(fleet);
  const bytes = { ...defaultStreamSizes, ...sizes };
  /** Nothing is lost to make room: a full stream refuses instead. */
  const kept = {
    maxMessagesPerSubject: -1,
    discard: 'new',
    denyDelete: true,
    denyPurge: false,
    allowRollup: false,
    maxAgeMs: 0,
    replicas,
  } as const;
  /** One message a subject: the newest value replaces the one before, whatever `discard` says of the whole. */
  const latest = { ...kept, maxMessagesPerSubject: 1, maxMessageBytes: recordBytesMax } as const;
  return {
    log: {
      ...kept,
      name: names.log,
      subjects: [`muster.${fleet}.log`],
      denyPurge: true,
      maxBytes: bytes.log,
      maxMessageBytes: recordBytesMax,
    },
    commands: {
      ...kept,
      name: names.commands,
      subjects: [`muster.${fleet}.cmd.>`],
      maxBytes: bytes.commands,
      maxMessageBytes: commandBytesMax,
    },
    groups: {
      ...latest,
      name: names.groups,
      subjects: [`muster.${fleet}.server.*.assignment`, `muster.${fleet}.group.>`],
      maxBytes: bytes.groups,
    },
    pools: { ...latest, name: names.pools, subjects: [`muster.${fleet}.pool.>`], maxBytes: bytes.pools },
    feed: {
      ...kept,
      name: names.feed,
      subjects: [`muster.${fleet}.event.>`],
      discard: 'old',
      maxAgeMs: feedAgeMaxMs,
      maxBytes: bytes.feed,
      maxMessageBytes: recordBytesMax,
    },
  };
}
