/**
 * What follows from the log for whom an event concerns: where each server's machine stands and what it says to the
 * server, each place in the pool, what each rollout does next. Two looks, before an event and after it, tell what the
 * event changed. Pure.
 */
import type { Event } from '../../schemas/events.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import { affects } from '../domain/affects.ts';
import type { FleetState } from '../domain/state.ts';
import { poolMemberOf } from '../projections/pool.ts';
import { plansOf } from '../rollout/planner.ts';
import { nextToSync } from '../rollout/sync-slots.ts';
import { advance } from '../server-machine/advance.ts';
import { factsOf } from '../server-machine/server-facts.ts';
import { recordedObserved } from './recorded.ts';

/** One thing that follows. `after` null: nothing any more; `before` null: nothing yet. */
export interface Consequence {
  readonly of: 'machine' | 'directive' | 'assignment' | 'pool' | 'planner';
  readonly group: GroupId | null;
  /** The server, or the rollout's position. */
  readonly subject: ServerId | Position;
  readonly before: string | null;
  readonly after: string | null;
}

interface Seen {
  readonly of: Consequence['of'];
  readonly group: GroupId | null;
  readonly subject: ServerId | Position;
  readonly text: string;
}
export type Look = ReadonlyMap<string, Seen>;

export interface Concerned {
  readonly servers: ReadonlySet<ServerId>;
  readonly groups: ReadonlySet<GroupId>;
}

/** Events after which every member of a group may be told something else. */
const wide = /^(deployment|release|rollout|group)\./;

/** Whom to look at: to be asked before the event and after it, and both looked at both times. */
export function concernedBy(event: Event, state: FleetState): Concerned {
  const [servers, groups] = [new Set<ServerId>(), new Set<GroupId>()];
  for (const { kind, id } of affects(event, state)) {
    if (kind === 'server') servers.add(id as ServerId);
    if (kind === 'group') groups.add(id as GroupId);
  }
  for (const id of groups) {
    const group = state.groupById.get(id);
    if (group === undefined) continue;
    for (const server of wide.test(event.type) ? group.servers : nextToSync(state, group)) servers.add(server);
  }
  return { servers, groups };
}

export function look(state: FleetState, { servers, groups }: Concerned): Look {
  const seen = new Map<string, Seen>();
  const put = (one: Seen) => seen.set(`${one.of}/${one.group ?? ''}/${one.subject}`, one);
  const observed = recordedObserved({ state, at: state.at, servers });
  for (const id of servers) {
    const facts = factsOf(id, { state, observed, now: state.at, reignBeganAt: 0 });
    const { snapshot, steps } = advance(undefined, facts);
    put({ of: 'machine', group: null, subject: id, text: snapshot });
    for (const step of steps) {
      if (step.name === 'publish-assignment') {
        put({ of: 'assignment', group: null, subject: id, text: step.arguments.group ?? 'no group' });
      }
      if (step.name === 'publish-directive') {
        const { group, position, serving, projects } = step.arguments;
        const held = projects.map(({ project, version }) => `${project}@${version}`).join(', ') || 'nothing';
        const text = `${serving === 'yes' ? '' : 'drain; '}hold ${held} (position ${position})`;
        put({ of: 'directive', group, subject: id, text });
      }
    }
    const server = state.serverById.get(id);
    const entry = server === undefined ? null : poolMemberOf(server);
    const group = server?.member?.group ?? null;
    if (entry !== null) put({ of: 'pool', group, subject: id, text: `${entry.admin}, weight ${entry.weight}` });
  }
  for (const id of groups) {
    const group = state.groupById.get(id);
    if (group === undefined || group.rolloutById.size === 0) continue;
    const all = recordedObserved({ state, at: state.at, servers: group.servers });
    for (const [rollout, plan] of plansOf(state, id, { observed: all, now: state.at })) {
      const [proposal] = plan.proposals;
      const text = proposal === undefined ? plan.waitsFor : `proposes ${proposal.type}`;
      put({ of: 'planner', group: id, subject: rollout.id, text: `${rollout.status}: ${text}` });
    }
  }
  return seen;
}

/** `before`: of whom it was asked before the event; of others only what they are newly told is a consequence. */
export function consequences(
  before: { readonly look: Look; readonly concerned: Concerned },
  after: Look,
): Consequence[] {
  const changed: Consequence[] = [];
  for (const key of new Set([...before.look.keys(), ...after.keys()])) {
    const [was, is] = [before.look.get(key), after.get(key)];
    if (was?.text === is?.text) continue;
    const { of, group, subject } = (is ?? was) as Seen;
    // A directive that is not said again stands all the same.
    if (is === undefined && of === 'directive') continue;
    const isNew = typeof subject === 'string' && !before.concerned.servers.has(subject);
    if (isNew && of !== 'directive') continue;
    changed.push({ of, group, subject, before: was?.text ?? null, after: is?.text ?? null });
  }
  return changed;
}
