/** Which NATS the tests of a run stand on, where it is not the one they find: `npm run test:nats` says it here. */
import { type debianPrograms, debianProgram, type Found } from './nats-versions.ts';

export interface NatsChoice {
  /** Undefined: the `nats-server` on the PATH. */
  readonly version: Extract<keyof typeof debianPrograms, `nats-${string}`> | undefined;
  /** 1, or 3 in a cluster; streams then have as many copies. */
  readonly servers: 1 | 3;
  /** Set: the server runs in a container of this image. */
  readonly image: string | undefined;
}

/** `MUSTER_TEST_NATS`: JSON of what differs from one server of the version on the PATH. */
export function chosenNats(): NatsChoice {
  const given = JSON.parse(process.env['MUSTER_TEST_NATS'] || '{}') as Partial<NatsChoice>;
  return { version: given.version, servers: given.servers ?? 1, image: given.image };
}

/** Copies of every stream, for whoever makes streams in a test. */
export function natsReplicas(): number {
  return chosenNats().servers;
}

/** What 2.9 cannot do, such as `sync_interval: always` or a cluster to rely on: the version of production, or the chosen one. */
export function newerNats(): Found {
  return debianProgram(chosenNats().version ?? 'nats-2.10');
}
