/** Facts by hand: one server, `edge-1`, in group `production`, which carries `orders` and `billing`. */
import type { Drain, Member, Server } from '../../../src/domain/state.ts';
import type { ServerFacts, Step, StepArguments, StepName } from '../../../src/server-machine/facts.ts';
import type { DesiredProject } from '../../../schemas/directive.ts';
import type { BalancerId, Digest, GroupId, LogId, ProjectId, ProjectVersion, ServerId } from '../../../schemas/ids.ts';
import type { ProjectFailure } from '../../../schemas/events.ts';

export const server = 'edge-1' as ServerId;
export const production = 'production' as GroupId;
export const haproxy = 'haproxy' as BalancerId;
export const now = 1_000_000;
export const leaseMs = 6_000;
/** When a server heard just now is lost. */
export const leaseEndsAt = now + leaseMs;

export const billing = project('billing', '2.0.0');
export const orders = project('orders', '1.2.0');
export const both = [billing, orders];

const bare: Member = {
  group: production,
  joinedAt: 10,
  askedAt: 10,
  directiveAt: 10,
  covers: 0,
  coversAt: 0,
  failing: null,
  admittedAt: null,
  entryAt: 0,
  held: false,
  cordon: null,
  drain: null,
  replaces: null,
  replacedBy: null,
};

/** The server with this membership; null: in no group. */
export function known(member: Partial<Member> | null, lost: Server['lost'] = null): Server {
  return {
    id: server,
    address: { host: '10.0.0.1', port: 8_000 },
    labels: {},
    weight: 100,
    agent: null,
    changedAt: 10,
    assignedAt: member === null ? 7 : 10,
    member: member === null ? null : { ...bare, ...member },
    lost,
    since: 10,
    sinceAt: 10_000,
  };
}

const served = { covers: 12, admittedAt: 14, entryAt: 14 } satisfies Partial<Member>;
const noDisk = { at: 13, covers: 12, failures: [failure('no disk')] };

export const available = known(null);
export const syncing = known({});
export const retrying = known({ failing: { ...noDisk, final: false } });
export const failed = known({ failing: { ...noDisk, final: true } });
export const ready = known(served);
export const cordoned = known({ covers: 12, cordon: { at: 15, drained: false, until: 'uncordoned' } });
export const drain: Drain = { at: 30, deadlineAt: now + 3_000, wasInPool: true, next: { to: 'available' } };
export const draining = known({ ...served, drain, directiveAt: 30 });
export const lost = known({ directiveAt: 10 }, { at: 40, cause: 'silent' });

/** A syncing server that has sent nothing yet but a heartbeat just now; a test says what differs. */
export function given(differs: Partial<ServerFacts> = {}): ServerFacts {
  return {
    server,
    now,
    position: 50,
    known: syncing,
    desired: { position: 12, serving: 'yes', projects: both },
    maySync: true,
    receipt: null,
    unconfirmedBalancers: [],
    inFlight: { last: 0, idleReadings: 0 },
    life: { seenAt: now, heard: true, leaseMs, unwellReadings: 0 },
    mayLetGo: false,
    mayReturn: false,
    replacedStays: false,
    ...differs,
  };
}

type Receipt = NonNullable<ServerFacts['receipt']>;

/** A receipt for directive 12 that holds everything; a test says what differs. */
export function receipt(differs: Partial<Receipt> = {}): Receipt {
  return {
    log: 'log-0001' as LogId,
    term: 1,
    position: 12,
    server,
    instance: 'a',
    serving: 'yes',
    projects: both.map(({ project, version }) => ({ project, version })),
    failures: [],
    receivedAt: now - 5,
    ...differs,
  };
}

export function failure(text: string): ProjectFailure {
  return { project: orders.project, version: orders.version, text };
}

export function names(steps: readonly Step[]): StepName[] {
  return steps.map(({ name }) => name);
}

/** The arguments of the one step of that name; undefined when it was not said. */
export function said<N extends StepName>(steps: readonly Step[], name: N): StepArguments[N] | undefined {
  return steps.find((step) => step.name === name)?.arguments as StepArguments[N] | undefined;
}

function project(id: string, version: string): DesiredProject {
  const digest = id.length.toString(16).padStart(64, '0') as Digest;
  return { project: id as ProjectId, version: version as ProjectVersion, digest, bytes: 1_000 };
}
