/** What the catalog says of one message, and the words it is said in. */
import type { z } from 'zod';
import type { BalancerId, CommandId, FleetId, GroupId, Principal, ServerId } from './ids.ts';

export const catalogKinds = [
  'command',
  'event',
  'outcome',
  'record',
  'directive',
  'heartbeat',
  'receipt',
  'pool',
  'status',
  'query',
  'bundle',
] as const;
export type CatalogKind = (typeof catalogKinds)[number];

/** Who speaks. `asker` is anyone with a principal: services, people, agents on `do`. */
export type Party = 'asker' | 'coordinator' | 'server' | 'balancer' | 'publisher' | 'anyone';

/** Streams and object stores, as the last part of `MUSTER_<fleet>_<NAME>`. */
export type StreamName = 'COMMANDS' | 'LOG' | 'FEED' | 'GROUPS' | 'POOLS' | 'BUNDLES';

export interface CatalogEntry {
  /** Also the name of its file under `schemas/json`. */
  readonly name: string;
  readonly kind: CatalogKind;
  /** One sentence, for people. */
  readonly summary: string;
  readonly schema: z.ZodType;
  readonly from: Party;
  readonly to: Party;
  /** Subject patterns, each with what is kept of it; none for what travels inside another message or an object. */
  readonly channels: readonly Channel[];
  /** The catalog name of the message that answers it, where it is a request. */
  readonly answer?: string;
}

export interface Channel {
  /** With `{parameter}` in place of each token that varies. */
  readonly subject: string;
  /** Where messages on it are kept; `null`: core NATS, at most once. */
  readonly stream: StreamName | null;
  /** True: a request that is answered. */
  readonly request?: boolean;
}

/** What stands in a subject pattern where a name varies. */
export const parameters = {
  fleet: '{fleet}' as FleetId,
  group: '{group}' as GroupId,
  server: '{server}' as ServerId,
  principal: '{principal}' as Principal,
  balancer: '{balancer}' as BalancerId,
  id: '{id}' as CommandId,
};

/** Core NATS, at most once. */
export function core(subject: string): Channel {
  return { subject, stream: null };
}
/** A request that is answered. */
export function asked(subject: string): Channel {
  return { subject, stream: null, request: true };
}
/** Kept in a stream. */
export function kept(subject: string, stream: StreamName): Channel {
  return { subject, stream };
}
