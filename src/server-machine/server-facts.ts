/** Gathers what the machine may know about one server: acknowledged state beside the last word of server and balancers. */
import { allowsLettingGo } from '../domain/floor.ts';
import { leaseInForce } from '../domain/leases.ts';
import { rolledCordonIsOver } from '../domain/rolled-cordons.ts';
import type { FleetState, Member, Server } from '../domain/state.ts';
import { unconfirmedBalancers } from '../projections/balancers.ts';
import { desiredFor } from '../projections/desired.ts';
import { inFlightOn } from '../projections/in-flight.ts';
import type { Observed } from '../projections/observed.ts';
import { maySync } from '../rollout/sync-slots.ts';
import type { ServerId } from '../../schemas/ids.ts';
import { beatsPerLease, leaseMsDefault } from '../../schemas/policy.ts';
import { beatMsMax } from '../../schemas/receipt.ts';
import type { ServerFacts } from './facts.ts';
import { silence } from './silence.ts';

export interface FactSources {
  readonly state: FleetState;
  readonly observed: Observed;
  /** Milliseconds since the epoch, by the coordinator's clock. */
  readonly now: number;
  /** When this leader began to hear without a gap: whom it has not heard since has a full lease from then. */
  readonly reignBeganAt: number;
  /** Up to when it surely heard whatever came: silence after that proves nothing yet. Default: now. */
  readonly heardUpTo?: number;
}

export function factsOf(id: ServerId, sources: FactSources): ServerFacts {
  const { state, observed, now, reignBeganAt, heardUpTo: upTo = now } = sources;
  const known = state.serverById.get(id) ?? null;
  const member = known?.member ?? null;
  const seen = observed.serverById.get(id);
  const seenAt = seen?.seenAt ?? 0;
  const leaseMs = leaseMsOf(sources, known);
  return {
    server: id,
    now,
    position: state.position,
    known,
    desired: desiredFor(state, id),
    maySync: known === null || maySync(state, known),
    receipt: receiptOf(id, sources),
    unconfirmedBalancers:
      member?.drain?.wasInPool === true ? unconfirmedBalancers(state, observed, member.group, member.drain.at) : [],
    inFlight: known === null || member?.drain == null ? nothing : inFlightOf(known, sources),
    life: {
      seenAt: now - silence({ seenAt, since: reignBeganAt, upTo, now }),
      // A beat of long ago is no proof that it is back, though a lease has begun anew with this leader.
      heard: seenAt > 0 && now - seenAt < leaseMs,
      leaseMs,
      unwellReadings: seen?.unwellReadings ?? 0,
      problem: seen?.beat?.problem,
    },
    mayLetGo: mayLetGo(member, sources),
    mayReturn: mayReturn(state, known),
    replacedStays: replacedStays(state, member),
  };
}

/** A receipt of an instance that is gone proves nothing about the one that beats now; nor one of another log. */
function receiptOf(id: ServerId, { state, observed }: FactSources): ServerFacts['receipt'] {
  const seen = observed.serverById.get(id);
  if (seen?.receipt == null || seen.receipt.log !== state.log) return null;
  if (seen.beat !== null && seen.beat.instance !== seen.receipt.instance) return null;
  // The spread last: fields added behind one cost ten times as much (Node 20), and this is asked at every look.
  return { receivedAt: seen.receiptAt, ...seen.receipt };
}

const nothing = { last: 0, idleReadings: 0 };

function inFlightOf(known: Server, { state, observed }: FactSources): ServerFacts['inFlight'] {
  const last = inFlightOn(state, observed, known);
  return { last, idleReadings: last === 0 ? (observed.serverById.get(known.id)?.idleReadings ?? 0) : 0 };
}

/**
 * A lease holds as it was granted: who was told to beat seldom is not silent before it hears that the lease is shorter.
 * What another leader told it is not known here: the longest it may have been.
 */
function leaseMsOf({ state, observed, now }: FactSources, known: Server | null): number {
  const group = known?.member == null ? undefined : state.groupById.get(known.member.group);
  const beatMs = known === null ? undefined : observed.serverById.get(known.id)?.beatMs;
  const grantedMs =
    beatMs === undefined && group !== undefined
      ? Math.min(leaseInForce(group, now), beatMsMax * beatsPerLease)
      : (beatMs ?? 0) * beatsPerLease;
  return Math.max(group?.policy.leaseMs ?? leaseMsDefault, grantedMs);
}

function mayLetGo(member: Member | null, { state, now }: FactSources): boolean {
  const group = member?.held === true ? state.groupById.get(member.group) : undefined;
  return group !== undefined && allowsLettingGo(group, Math.max(state.at, now));
}

function mayReturn(state: FleetState, known: Server | null): boolean {
  const group = known?.member == null ? undefined : state.groupById.get(known.member.group);
  return known !== null && group !== undefined && rolledCordonIsOver(group, known);
}

function replacedStays(state: FleetState, member: Member | null): boolean {
  if (member?.replaces == null) return false;
  const replaced = state.serverById.get(member.replaces)?.member;
  return replaced?.group === member.group && (replaced.drain === null || replaced.drain.next === null);
}
