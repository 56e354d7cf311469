/** The fold of what a server is: address, labels, weight; and its end when it was in no group. */
import type { Event } from '../../schemas/events.ts';
import type { Address, Labels, Position } from '../../schemas/ids.ts';
import { groupOf, isInPool } from './membership.ts';
import type { FleetState, Server } from './state.ts';

/** A new server's weight: in the middle of 0 to 256, so that it can be halved and doubled. */
export const weightDefault = 100;

export function serverRegistered(state: FleetState, event: Event<'server.registered'>): void {
  const { server: id, address, labels } = event.data;
  const agent = event.data.agent ?? null;
  const server = state.serverById.get(id);
  if (server === undefined) {
    state.serverById.set(id, {
      id,
      address,
      labels,
      weight: weightDefault,
      agent,
      changedAt: event.position,
      addressChangedAt: event.position,
      membership: { status: 'available' },
      since: event.position,
      sinceAt: event.at,
    });
    return;
  }
  // The agent's version alone is an observation: no plan made before is stale because of it.
  if (!sameAddress(server.address, address) || !sameLabels(server.labels, labels)) server.changedAt = event.position;
  if (!sameAddress(server.address, address)) changePoolEntry(state, { server, position: event.position });
  server.address = address;
  server.labels = labels;
  server.agent = agent;
}

export function serverConfigured(state: FleetState, { data, position }: Event<'server.configured'>): void {
  const server = state.serverById.get(data.server);
  if (server === undefined) return;
  if (server.weight !== data.weight) changePoolEntry(state, { server, position });
  server.labels = data.labels;
  server.weight = data.weight;
  server.changedAt = position;
}

export function serverRetired(state: FleetState, { data }: Event<'server.retired'>): void {
  state.serverById.delete(data.server);
}

function changePoolEntry(state: FleetState, { server, position }: { server: Server; position: Position }): void {
  server.addressChangedAt = position;
  const group = groupOf(server.membership);
  if (group === null || !isInPool(server.membership)) return;
  const pooled = state.groupById.get(group);
  if (pooled !== undefined) pooled.poolChangedAt = position;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}

export function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
