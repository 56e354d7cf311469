/** The messages that stand for themselves: everything in the catalog but commands, events and queries, which are derived. */
import { BundleManifest, ProjectFile } from './bundle.ts';
import { asked, type CatalogEntry, core, kept, parameters } from './catalog-entry.ts';
import { Assignment, Directive, GroupDesired } from './directive.ts';
import { Event } from './events.ts';
import { GroupStatus } from './group-status.ts';
import { Outcome } from './outcome.ts';
import { PoolEntry, PoolRevision } from './pool.ts';
import { Applied, Beat, BeatAnswer, Receipt } from './receipt.ts';
import { Record } from './record.ts';
import { subjects } from './subjects.ts';
import { LeaderBeat, ReplicaBeat } from './coordinators.ts';
import { QueryAnswer } from './views.ts';

const { fleet: f, group: g, server: s, principal: p, balancer: b, id } = parameters;

export const listedMessages: readonly CatalogEntry[] = [
  {
    name: 'event',
    kind: 'event',
    summary: 'An event as the log holds it: head, type and data.',
    schema: Event,
    from: 'coordinator',
    to: 'anyone',
    channels: [],
  },
  {
    name: 'outcome',
    kind: 'outcome',
    summary: 'The answer to a command.',
    schema: Outcome,
    from: 'coordinator',
    to: 'asker',
    channels: [core(subjects.outcome(p, id))],
  },
  {
    name: 'record',
    kind: 'record',
    summary: 'One message of the log: all events decided together. MessagePack only.',
    schema: Record,
    from: 'coordinator',
    to: 'coordinator',
    channels: [kept(subjects.log(f), 'LOG')],
  },
  {
    name: 'leader-beat',
    kind: 'heartbeat',
    summary: 'The leader’s beat to those standing by.',
    schema: LeaderBeat,
    from: 'coordinator',
    to: 'coordinator',
    channels: [core(subjects.leaderBeat(f))],
  },
  {
    name: 'replica-beat',
    kind: 'heartbeat',
    summary: 'What each coordinator, leading or standing by, says of itself.',
    schema: ReplicaBeat,
    from: 'coordinator',
    to: 'coordinator',
    channels: [core(subjects.replicaBeat(f))],
  },
  {
    name: 'assignment',
    kind: 'directive',
    summary: 'Which group a server is in.',
    schema: Assignment,
    from: 'coordinator',
    to: 'server',
    channels: [kept(subjects.assignment(f, s), 'GROUPS')],
  },
  {
    name: 'directive',
    kind: 'directive',
    summary: '"Hold exactly these project versions", to one server.',
    schema: Directive,
    from: 'coordinator',
    to: 'server',
    channels: [kept(subjects.directive(f, g, s), 'GROUPS')],
  },
  {
    name: 'group-desired',
    kind: 'directive',
    summary: 'What a group shall carry.',
    schema: GroupDesired,
    from: 'coordinator',
    to: 'anyone',
    channels: [kept(subjects.desired(f, g), 'GROUPS')],
  },
  {
    name: 'group-status',
    kind: 'status',
    summary: 'How far a group has come from desired to traffic.',
    schema: GroupStatus,
    from: 'coordinator',
    to: 'anyone',
    channels: [kept(subjects.groupStatus(f, g), 'GROUPS')],
  },
  {
    name: 'pool-entry',
    kind: 'pool',
    summary: 'One server’s place in a group’s pool.',
    schema: PoolEntry,
    from: 'coordinator',
    to: 'balancer',
    channels: [kept(subjects.poolEntry(f, g, s), 'POOLS')],
  },
  {
    name: 'pool-revision',
    kind: 'pool',
    summary: 'Closes a revision of a pool: its size and digest.',
    schema: PoolRevision,
    from: 'coordinator',
    to: 'balancer',
    channels: [kept(subjects.poolRevision(f, g), 'POOLS')],
  },
  {
    name: 'beat',
    kind: 'heartbeat',
    summary: 'A server’s heartbeat.',
    schema: Beat,
    from: 'server',
    to: 'coordinator',
    channels: [asked(subjects.beat(f, s))],
    answer: 'beat-answer',
  },
  {
    name: 'beat-answer',
    kind: 'heartbeat',
    summary: 'The newest stamps there are for a server.',
    schema: BeatAnswer,
    from: 'coordinator',
    to: 'server',
    channels: [],
  },
  {
    name: 'receipt',
    kind: 'receipt',
    summary: 'A server’s proof of what it has applied.',
    schema: Receipt,
    from: 'server',
    to: 'coordinator',
    channels: [core(subjects.receipt(f, s))],
  },
  {
    name: 'applied',
    kind: 'receipt',
    summary: 'A balancer’s proof of the pool it has applied.',
    schema: Applied,
    from: 'balancer',
    to: 'coordinator',
    channels: [core(subjects.applied(f, b, g))],
  },
  {
    name: 'query-answer',
    kind: 'query',
    summary: 'How every query is answered; `data` is the view of that name.',
    schema: QueryAnswer,
    from: 'coordinator',
    to: 'asker',
    channels: [],
  },
  {
    name: 'bundle-manifest',
    kind: 'bundle',
    summary: 'The first entry of a bundle’s tar.',
    schema: BundleManifest,
    from: 'publisher',
    to: 'server',
    channels: [],
  },
  {
    name: 'project-file',
    kind: 'bundle',
    summary: 'project.yaml, as far as Muster reads it.',
    schema: ProjectFile,
    from: 'publisher',
    to: 'server',
    channels: [],
  },
];
