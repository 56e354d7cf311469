/**
 * What differs between two instants of a fleet, as data: groups and their policies, who is in them, what they carry,
 * what their pools hold; servers, projects, balancers. It compares views, what people and programs see, so that it
 * holds whatever the fold looks like inside. Pure. What was only observed is in neither.
 */
import { type GroupId, type GroupName, groupIdOf } from '../../schemas/ids.ts';
import type { FleetState } from '../domain/state.ts';
import { emptyObserved } from '../projections/observed.ts';
import { answerQuery } from '../projections/views.ts';
import { assert, Failure } from '../std/failure.ts';
import { hostPort } from '../std/host-port.ts';

export const changedThings = [
  'group',
  'policy',
  'member',
  'deployment',
  'pool',
  'server',
  'project',
  'balancer',
] as const;
export type ChangedThing = (typeof changedThings)[number];

export interface Change {
  readonly what: ChangedThing;
  /** The group it is about, if it is about one. */
  readonly group: GroupId | null;
  /** The group, policy field, server, project, version or balancer. */
  readonly name: string;
  /** Null: it was not there; is not there. */
  readonly before: Described | null;
  readonly after: Described | null;
}
/** By field, plain values. */
export type Described = Readonly<Record<string, unknown>>;

export interface DiffOptions {
  /** Only what is about this group. */
  readonly group?: GroupName | GroupId;
}

/** In a fixed order: by thing, then by group and name. Fails with `config-invalid` where neither knows the group. */
export function diff(before: FleetState, after: FleetState, { group }: DiffOptions = {}): Change[] {
  const [old, now] = [thingsOf(before), thingsOf(after)];
  const only = group === undefined ? undefined : groupIdOf(group);
  if (
    only !== undefined &&
    ![old, now].some((things) => things.has(keyOf({ what: 'group', group: only, name: only })))
  ) {
    throw new Failure({
      code: 'unavailable',
      retryable: false,
      message: `there was no group "${group}" at either time`,
    });
  }
  const changes: Change[] = [];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(key), now.get(key)];
    const thing = was ?? is;
    assert(thing !== undefined, 'a key is of one of the two');
    if (only !== undefined && thing.group !== only) continue;
    const { what, name } = thing;
    const change = { what, group: thing.group, name, before: was?.described ?? null, after: is?.described ?? null };
    if (JSON.stringify(change.before) !== JSON.stringify(change.after)) changes.push(change);
  }
  return changes.sort(byOrder);
}

interface Thing {
  readonly what: ChangedThing;
  readonly group: GroupId | null;
  readonly name: string;
  readonly described: Described;
}

function thingsOf(state: FleetState): Map<string, Thing> {
  const observed = emptyObserved();
  const ask = <Q extends 'groups' | 'servers' | 'projects' | 'balancers'>(name: Q) => {
    const answered = answerQuery<Q>(name, {} as never, state, observed);
    assert(answered.status === 'ok', `"${name}" asks for nothing that could be missing`);
    return answered.data;
  };
  const things: Thing[] = [];
  for (const group of ask('groups')) {
    const about = { group: group.group };
    things.push({ ...about, what: 'group', name: group.group, described: { name: group.name } });
    for (const [field, value] of fieldsOf(group.policy)) {
      things.push({ ...about, what: 'policy', name: field, described: { value } });
    }
    for (const { server, status } of group.servers) {
      things.push({ ...about, what: 'member', name: server, described: { status } });
    }
    for (const { project, version, digest } of group.deployments) {
      things.push({ ...about, what: 'deployment', name: project, described: { version, digest } });
    }
    const pool = answerQuery('pool', { group: group.name }, state, observed);
    for (const { server, address, weight, admin } of pool.status === 'ok' ? pool.data.servers : []) {
      things.push({
        ...about,
        what: 'pool',
        name: server,
        described: { address: hostPort(address), weight, admin },
      });
    }
  }
  for (const { server, address, weight, labels } of ask('servers')) {
    const described = { address: hostPort(address), weight, labels: sorted(labels) };
    things.push({ what: 'server', group: null, name: server, described });
  }
  for (const { project, status, versions } of ask('projects')) {
    things.push({ what: 'project', group: null, name: project, described: { status } });
    for (const { version, digest, status: of } of versions) {
      things.push({ what: 'project', group: null, name: `${project}@${version}`, described: { status: of, digest } });
    }
  }
  for (const { balancer, kind, groups } of ask('balancers')) {
    things.push({ what: 'balancer', group: null, name: balancer, described: { kind, groups } });
  }
  return new Map(things.map((thing) => [keyOf(thing), thing]));
}

/** A policy is whatever its schema says: `drainTimeoutMs`, `rollout.maxUnavailable`. */
function fieldsOf(value: object, prefix = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([field, held]): [string, unknown][] => {
    const path = `${prefix}${field}`;
    const nested = typeof held === 'object' && held !== null && !Array.isArray(held);
    if (nested) return fieldsOf(held as object, `${path}.`);
    return held === undefined ? [] : [[path, held]];
  });
}

function sorted(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function keyOf({ what, group, name }: Pick<Thing, 'what' | 'group' | 'name'>): string {
  return `${what}/${group ?? ''}/${name}`;
}

function byOrder(a: Change, b: Change): number {
  const order = changedThings.indexOf(a.what) - changedThings.indexOf(b.what);
  if (order !== 0) return order;
  const [one, other] = [`${a.group ?? ''}/${a.name}`, `${b.group ?? ''}/${b.name}`];
  return one < other ? -1 : one > other ? 1 : 0;
}
