/** The servers the figures stand on: the one on the PATH as it comes, one that syncs before it answers, and three of those. */
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { startNats } from '../support/nats-server.ts';
import { debianProgram } from '../support/nats-versions.ts';
import type { Durability } from './report.ts';

export type BenchNats =
  | { readonly status: 'started'; readonly server: NatsServer; readonly durability: Durability }
  | { readonly status: 'missing'; readonly why: string };

export type BenchCluster =
  | { readonly status: 'started'; readonly cluster: NatsCluster; readonly durability: Durability }
  | { readonly status: 'missing'; readonly why: string };

export async function natsAsItComes(): Promise<BenchNats> {
  const server = await startNats();
  return { status: 'started', server, durability: 'default sync (no fsync before the ack)' };
}

export async function natsSyncAlways(): Promise<BenchNats> {
  if (process.env['NATS_URL']) return { status: 'missing', why: 'NATS_URL names a server whose sync we do not set' };
  const found = debianProgram('nats-2.10');
  if (found.status === 'missing') return found;
  const server = await startNats({ program: found.path, jetstream: 'sync_interval: always' });
  return { status: 'started', server, durability: 'sync_interval: always (fsync before the ack)' };
}

/** Three servers in one cluster, streams with a copy on each: what production runs on. */
export async function natsClusterSyncAlways(): Promise<BenchCluster> {
  const found = debianProgram('nats-2.10');
  if (found.status === 'missing') return found;
  const cluster = await startNatsCluster({ program: found.path, jetstream: 'sync_interval: always' });
  return { status: 'started', cluster, durability: 'sync_interval: always (fsync before the ack)' };
}
