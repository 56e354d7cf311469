/** The fold of what a server is: address, labels, weight; and its end when it was in no group. */
import type { Event } from '../../schemas/events.ts';
import type { Labels } from '../../schemas/ids.ts';
import { sameAddress } from './address.ts';
import { backFromStop } from './evolve-cordons.ts';
import { addServer, changeServer, removeServer } from './settle.ts';
import type { FleetState } from './state.ts';

/** A new server's weight: in the middle of 0 to 256, so that it can be halved and doubled. */
export const weightDefault = 100;

export function serverRegistered(state: FleetState, event: Event<'server.registered'>): void {
  const { server: id, address, labels } = event.data;
  const agent = event.data.agent ?? null;
  if (!state.serverById.has(id)) {
    addServer(state, event, {
      id,
      address,
      labels,
      weight: weightDefault,
      agent,
      changedAt: event.position,
      assignedAt: event.position,
      member: null,
      lost: null,
      since: event.position,
      sinceAt: event.at,
    });
    return;
  }
  changeServer(state, { event, server: id }, (server) => {
    // The agent's version alone is an observation: no plan made before is stale because of it.
    if (!sameAddress(server.address, address) || !sameLabels(server.labels, labels)) server.changedAt = event.position;
    server.address = address;
    server.labels = labels;
    server.agent = agent;
  });
  const group = state.serverById.get(id)?.member?.group;
  if (group !== undefined) backFromStop(state, { event, server: id, group });
}

export function serverConfigured(state: FleetState, event: Event<'server.configured'>): void {
  const { server: id, labels, weight } = event.data;
  changeServer(state, { event, server: id }, (server) => {
    server.labels = labels;
    server.weight = weight;
    server.changedAt = event.position;
  });
}

/** Decided for available servers only: a member retires by `server.left`. */
export function serverRetired(state: FleetState, event: Event<'server.retired'>): void {
  if (state.serverById.get(event.data.server)?.member === null) {
    removeServer(state, { event, server: event.data.server });
  }
}

export function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
