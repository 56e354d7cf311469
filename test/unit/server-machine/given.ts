/** Facts by hand: one server, `edge-1`, in group `production`, which carries `orders` and `billing`. */
import type { Membership } from '../../../src/domain/state.ts';
import type { ServerFacts, Step, StepArguments, StepName } from '../../../src/server-machine/facts.ts';
import type { DesiredProject } from '../../../schemas/directive.ts';
import type { BalancerId, Digest, GroupId, LogId, ProjectId, ProjectVersion, ServerId } from '../../../schemas/ids.ts';
import type { ProjectFailure } from '../../../schemas/events.ts';

export const server = 'edge-1' as ServerId;
export const production = 'production' as GroupId;
export const haproxy = 'haproxy' as BalancerId;
export const now = 1_000_000;

export const billing = project('billing', '2.0.0');
export const orders = project('orders', '1.2.0');
export const both = [billing, orders];

export const available: Membership = { status: 'available' };
export const syncing = { status: 'syncing', group: production, joinedAt: 10 } satisfies Membership;
export const failed = {
  status: 'failed',
  group: production,
  joinedAt: 10,
  failedAt: 13,
  covers: 12,
  failures: [failure('no disk')],
} satisfies Membership;
export const ready = {
  status: 'ready',
  group: production,
  joinedAt: 10,
  readyAt: 14,
  covers: 12,
  failures: [],
} satisfies Membership;
export const draining = {
  status: 'draining',
  group: production,
  joinedAt: 10,
  leavingAt: 30,
  wasReady: true,
  deadlineAt: now + 30_000,
  next: { to: 'available' },
} satisfies Membership;

/** A syncing server that has sent nothing yet; a test says what differs. */
export function given(differs: Partial<ServerFacts> = {}): ServerFacts {
  return {
    server,
    now,
    membership: syncing,
    desired: { position: 12, projects: both },
    assignedAt: 10,
    receipt: null,
    unconfirmedBalancers: [],
    inFlight: { last: 0, idleReadings: 0 },
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
