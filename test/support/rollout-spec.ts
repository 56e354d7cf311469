/** A group in service on version 1 of `orders`, and what rollout specifications ask of it. */
import type { RolloutPolicy } from '../../schemas/rollout.ts';
import { desiredRelease } from '../../src/domain/release.ts';
import type { Fact } from '../../src/domain/ruling.ts';
import type { Group, Member, Rollout } from '../../src/domain/state.ts';
import { append, given } from './decider-spec.ts';
import {
  created,
  deployed,
  drained,
  joined,
  published,
  ready,
  registered,
  rolledOut,
  succeeded,
} from './fleet-facts.ts';

export type Spec = ReturnType<typeof given>;
export const overtaken = { code: 'overtaken' };
export const wrong = { code: 'invalid' };
export const blueGreen = { strategy: { kind: 'blue-green', standby: 1, keepMs: 1000 } } as const;
export const noGate = { servers: [], figures: null };

/** These servers are in the pool of `edge`, each having proved version 1, which has succeeded. */
export function inService(...servers: string[]): Spec {
  const spec = given(created('edge'));
  for (const version of ['1', '2', '3']) append(spec.state, published('orders', version));
  append(spec.state, published('users', '1'));
  for (const id of [...servers, 'spare']) append(spec.state, registered(id));
  for (const id of servers) append(spec.state, joined(id, 'edge'));
  const rollout = append(spec.state, deployed('orders', '1', 'edge')).position;
  for (const id of servers) proves(spec, id);
  append(spec.state, succeeded('edge', rollout));
  return spec;
}

/** Asks for a version; the rollout's id. */
export function asksFor(spec: Spec, version: string, policy: Partial<RolloutPolicy> = {}): number {
  return append(spec.state, rolledOut('orders', version, 'edge', policy)).position;
}

export function happens(spec: Spec, ...facts: readonly Fact[]): Spec {
  for (const fact of facts) append(spec.state, fact);
  return spec;
}

export const edge = (spec: Spec) => spec.state.groupById.get('edge' as never) as Group;
export const underWay = (spec: Spec, id: number) => edge(spec).rolloutById.get(id) as Rollout;
export const member = (spec: Spec, id: string) => spec.state.serverById.get(id as never)?.member as Member;
export const deployment = (spec: Spec, project = 'orders') => edge(spec).deploymentByProject.get(project as never);
/** The version of the project each server shall hold. */
export function holds(spec: Spec, servers: readonly string[], project = 'orders'): (string | undefined)[] {
  const found = deployment(spec, project);
  return servers.map((id) =>
    found === undefined ? undefined : desiredRelease(edge(spec), found, { id: id as never })?.version,
  );
}
export const proves = (spec: Spec, ...servers: string[]) => {
  for (const id of servers) append(spec.state, ready(id, 'edge', spec.state.position));
};
export const drains = (spec: Spec, ...servers: string[]) => {
  for (const id of servers) append(spec.state, drained(id, 'edge'));
};
