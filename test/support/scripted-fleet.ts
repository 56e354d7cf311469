/**
 * Servers and a balancer played by hand on the bus: what the coordinator hears is exactly what the test says, when it
 * says it. For what agents and balancers do by themselves, the real ones are used.
 */
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { Assignment, Directive } from '../../schemas/directive.ts';
import type { FleetId, GroupId, ServerId } from '../../schemas/ids.ts';
import { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { BeatAnswer } from '../../schemas/receipt.ts';
import type { Applied, Beat, Receipt } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { eventually } from './eventually.ts';

export interface ScriptedFleet {
  ask(
    type: string,
    body: object,
    principal?: string,
  ): Promise<Record<string, never> & { status: string; position: number }>;
  register(server: string, port: number): Promise<void>;
  directive(group: string, server: string): Promise<Directive | undefined>;
  assignment(server: string): Promise<Assignment | undefined>;
  revision(group: string): Promise<PoolRevision | undefined>;
  entry(group: string, server: string): Promise<PoolEntry | undefined>;
  /** A beat that holds what the directive says; `inFlight` as given, null: it cannot count. */
  beat(server: string, directive: Directive, inFlight?: number | null): Promise<BeatAnswer>;
  receipt(directive: Directive, changes?: Partial<Receipt>): void;
  applied(balancer: string, revision: PoolRevision, inFlight?: Applied['inFlight']): void;
  /** Last sequences of what is published, to see that nothing was published again. */
  published(): Promise<{ groups: number; pools: number }>;
}

const timeoutMs = 5_000;

export function scriptedFleet(bus: Bus, fleet: FleetId): ScriptedFleet {
  const names = streamNames(fleet);
  const last = (stream: string, subject: string) => bus.get({ stream, lastOf: subject }, 'leader', timeoutMs);
  return {
    async ask(type, body, principal = 'alice') {
      const subject = `muster.${fleet}.do.${principal}.${type}`;
      // Between two reigns nobody listens for a moment: a caller asks again, as the SDK does.
      const data = Buffer.from(JSON.stringify(body));
      const answer = await eventually(() => bus.request({ subject, data, timeoutMs }), { what: type });
      return JSON.parse(Buffer.from(answer.data).toString());
    },
    async register(server, port) {
      const outcome = await this.ask(
        'server.register',
        { server, address: { host: '127.0.0.1', port } },
        `srv_${server}`,
      );
      if (outcome.status !== 'accepted') throw new Error(JSON.stringify(outcome));
    },
    async directive(group, server) {
      const message = await last(names.groups, subjects.directive(fleet, group as GroupId, server as ServerId));
      return message === undefined ? undefined : decodeMessage(Directive, message.data, 'a directive');
    },
    async assignment(server) {
      const message = await last(names.groups, subjects.assignment(fleet, server as ServerId));
      return message === undefined ? undefined : decodeMessage(Assignment, message.data, 'an assignment');
    },
    async revision(group) {
      const message = await last(names.pools, subjects.poolRevision(fleet, group as GroupId));
      // Empty bytes stand for what was cleared.
      if (message === undefined || message.data.length === 0) return undefined;
      return decodeMessage(PoolRevision, message.data, 'a revision');
    },
    async entry(group, server) {
      const message = await last(names.pools, subjects.poolEntry(fleet, group as GroupId, server as ServerId));
      return message === undefined ? undefined : decodeMessage(PoolEntry, message.data, 'an entry');
    },
    async beat(server, { log, term, position }, inFlight = 0) {
      const stamp = { term, position };
      const beat: Beat = {
        server: server as ServerId,
        instance: 'i1',
        log,
        assignment: stamp,
        directive: stamp,
        ...(inFlight === null ? {} : { inFlight }),
        healthy: true,
      };
      const subject = subjects.beat(fleet, server as ServerId);
      const answer = await bus.request({ subject, data: encodeMessage(beat), timeoutMs });
      return decodeMessage(BeatAnswer, answer.data, 'a beat answer');
    },
    receipt({ log, term, position, server, serving, projects }, changes = {}) {
      const held = projects.map(({ project, version }) => ({ project, version }));
      const receipt: Receipt = {
        log,
        term,
        position,
        server,
        serving,
        instance: 'i1',
        projects: held,
        failures: [],
        ...changes,
      };
      bus.publish({ subject: subjects.receipt(fleet, server), data: encodeMessage(receipt) });
    },
    applied(balancer, { log, term, position, group, size }, inFlight = []) {
      const applied = { log, term, position, balancer, group, servers: size, inFlight } as unknown as Applied;
      bus.publish({ subject: subjects.applied(fleet, applied.balancer, group), data: encodeMessage(applied) });
    },
    async published() {
      const [groups, pools] = await Promise.all([bus.streamStatus(names.groups), bus.streamStatus(names.pools)]);
      return { groups: groups.lastSequence, pools: pools.lastSequence };
    },
  };
}
