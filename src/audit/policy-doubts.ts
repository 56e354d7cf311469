/**
 * What a group's own policy, changed, would have made of recorded history: lease, deadline of a drain, floor, servers that
 * sync at a time. None of it decides how a rollout goes, but who is in the group's pool, which everything after hangs on.
 * So nothing is tried here: it is only found up to where what was recorded would have happened all the same. Pure.
 */
import type { Event } from '../../schemas/events.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import type { GroupPolicy } from '../../schemas/policy.ts';
import { lostFact } from '../domain/absence-proposals.ts';
import { allowsLettingGo } from '../domain/floor.ts';
import type { FleetState, Group } from '../domain/state.ts';

/** A policy but how rollouts go. What is not set stays what it was. */
export type GroupLimits = { readonly [K in Exclude<keyof GroupPolicy, 'rollout'>]?: number | undefined };

export interface Doubt {
  /** What is recorded up to here holds for the changed policy too. */
  readonly position: Position;
  readonly reason: string;
}

interface Look {
  readonly event: Event;
  /** Before the event. */
  readonly state: FleetState;
  readonly group: Group;
}

export class PolicyDoubts {
  readonly #group: GroupId;
  readonly #limits: GroupLimits;
  /** When the drains under way began, by the log's time. */
  readonly #drainBeganAt = new Map<ServerId, number>();

  constructor(about: { readonly group: GroupId; readonly limits: GroupLimits }) {
    this.#group = about.group;
    this.#limits = about.limits;
  }

  /** Whether what the event tells, or the time until it, would have been otherwise. Asked of each event in turn. */
  before(event: Event, state: FleetState): Doubt | undefined {
    const group = state.groupById.get(this.#group);
    if (group === undefined) return undefined;
    const look = { event, state, group };
    return this.#lease(look) ?? this.#drain(look) ?? this.#floor(look) ?? this.#syncs(look);
  }

  #lease({ event, state, group }: Look): Doubt | undefined {
    const { leaseMs = group.policy.leaseMs } = this.#limits;
    if (leaseMs < group.policy.leaseMs && group.servers.size > 0) {
      const reason = `heartbeats are not recorded: nobody knows who was silent for ${leaseMs} ms`;
      return { position: state.position, reason };
    }
    if (leaseMs === group.policy.leaseMs || event.type !== 'server.lost') return undefined;
    const { server, cause } = event.data;
    if (event.data.group !== group.id || cause !== 'silent') return undefined;
    const reason = `${server} was lost after ${group.policy.leaseMs} ms of silence, and would not have been yet`;
    return { position: state.position, reason };
  }

  #drain({ event, state, group }: Look): Doubt | undefined {
    const { drainTimeoutMs = group.policy.drainTimeoutMs } = this.#limits;
    if (drainTimeoutMs === group.policy.drainTimeoutMs) return undefined;
    for (const server of group.servers) {
      const drain = state.serverById.get(server)?.member?.drain ?? null;
      if (drain === null) {
        this.#drainBeganAt.delete(server);
        continue;
      }
      const beganAt = this.#drainBeganAt.get(server) ?? drain.deadlineAt - group.policy.drainTimeoutMs;
      this.#drainBeganAt.set(server, beganAt);
      if (event.at <= beganAt + drainTimeoutMs || event.at > drain.deadlineAt) continue;
      const reason = `the drain of ${server} would have been cut off after ${drainTimeoutMs} ms, and was not over then`;
      return { position: state.position, reason };
    }
    if (event.type !== 'server.left' && event.type !== 'server.drained') return undefined;
    const { server, evidence } = event.data;
    if (event.data.group !== group.id || !evidence.deadlinePassed) return undefined;
    const reason = `the drain of ${server} was cut off there; how long it would have taken was not recorded`;
    return { position: state.position, reason };
  }

  #floor({ event, state, group }: Look): Doubt | undefined {
    const { floorPercent = group.policy.floorPercent, floorWindowMs = group.policy.floorWindowMs } = this.#limits;
    if (floorPercent === group.policy.floorPercent && floorWindowMs === group.policy.floorWindowMs) return undefined;
    const changed: Group = { ...group, policy: { ...group.policy, floorPercent, floorWindowMs } };
    if (allowsLettingGo(changed, event.at) !== allowsLettingGo(group, event.at)) {
      return { position: state.position, reason: 'the floor would have let go of lost servers at another time' };
    }
    if (event.type !== 'server.lost' || event.data.group !== group.id) return undefined;
    const groupById = new Map(state.groupById).set(group.id, changed);
    const fact = lostFact({ ...state, groupById }, event.data, event.at);
    if ('type' in fact && fact.type === 'server.lost' && fact.data.held === event.data.held) return undefined;
    const otherwise = event.data.held ? 'would have been taken out of the pool' : 'would have been held in the pool';
    return { position: state.position, reason: `${event.data.server}, lost there, ${otherwise} by the floor` };
  }

  #syncs({ state, group }: Look): Doubt | undefined {
    const { syncsMax = group.policy.syncsMax } = this.#limits;
    const waiting = group.syncing.size;
    if (syncsMax === group.policy.syncsMax || waiting <= Math.min(syncsMax, group.policy.syncsMax)) return undefined;
    const reason = `${waiting} servers came in, ${group.policy.syncsMax} at a time as it was: when each was ready is not known`;
    return { position: state.position, reason };
  }
}

/** Whether any of it is set otherwise than the group has it. */
export function changesLimits(limits: GroupLimits, policy: GroupPolicy): boolean {
  const names = Object.keys(limits) as (keyof GroupLimits)[];
  return names.some((name) => limits[name] !== undefined && limits[name] !== policy[name]);
}
