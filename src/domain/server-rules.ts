/** What may be asked of a server itself: that it is there, and how it is weighed and labelled. */
import type { CommandPayload } from '../../schemas/commands.ts';
import type { Address, ServerId } from '../../schemas/ids.ts';
import { addressKey, sameAddress } from './address.ts';
import { sameLabels } from './evolve-servers.ts';
import { findServer } from './find.ts';
import { serversMax } from './limits.ts';
import { type Refused, type Ruling, accept, refuse, unchanged } from './ruling.ts';
import type { FleetState, Server } from './state.ts';

/**
 * A server registers at every start. Its labels count the first time only: later ones would undo what an operator
 * configured since; `server.configure` is how labels change. The address always counts: it may have moved. One that
 * drained itself to stop comes back by this, so then it is news though nothing else is.
 */
export function registerServer(state: FleetState, payload: CommandPayload<'server.register'>): Ruling {
  const { server: id } = payload;
  const address = oneSpelling(payload.address);
  const known = state.serverById.get(id);
  const labels = known?.labels ?? payload.labels ?? {};
  const agent = payload.agent ?? known?.agent ?? undefined;
  const moved = known === undefined || !sameAddress(known.address, address);
  const keepsLabels = payload.labels !== undefined && !sameLabels(payload.labels, labels);
  const kept = `server "${id}" keeps the labels it has: server.configure changes them`;
  if (known !== undefined && isRegisteredSo(known, { address, agent })) {
    const hint = keepsLabels ? `; ${kept}` : '';
    return unchanged(`server "${id}" is registered with this address already${hint}`);
  }
  if (known === undefined && state.serverById.size >= serversMax) {
    return refuse({
      code: 'limit-reached',
      message: `the fleet has ${serversMax} servers, as many as it may`,
      next: 'muster server list',
    });
  }
  const taken = moved ? refuseTaken(state, { id, address }) : undefined;
  if (taken !== undefined) return taken;
  const data = { server: id, address, labels, ...(agent === undefined ? {} : { agent }) };
  return accept({ type: 'server.registered', data }, keepsLabels ? [kept] : []);
}

/** Registering so would change nothing. */
export function isRegisteredSo(
  known: Server,
  { address, agent }: { readonly address: Address; readonly agent: string | undefined },
): boolean {
  const isSame = sameAddress(known.address, oneSpelling(address)) && agent === (known.agent ?? undefined);
  return isSame && !hasStoppedItself(known);
}

/** It drained itself to stop: it comes back by registering. */
export function hasStoppedItself({ member }: Server): boolean {
  return member?.cordon?.until === 'registered';
}

export function configureServer(state: FleetState, payload: CommandPayload<'server.configure'>): Ruling {
  const found = findServer(state, payload.server);
  if (found.status === 'refused') return found;
  const { id, labels: labelsBefore, weight: weightBefore } = found.value;
  const labels = payload.labels ?? labelsBefore;
  const weight = payload.weight ?? weightBefore;
  if (weight === weightBefore && sameLabels(labels, labelsBefore)) {
    return unchanged(`server "${id}" has these labels and this weight already`);
  }
  return accept({ type: 'server.configured', data: { server: id, labels, weight } });
}

/** Host names know no case: kept in one spelling, two of them are the same when their texts are. */
function oneSpelling({ host, port }: Address): Address {
  return { host: host.toLowerCase(), port };
}

/** Two servers of one address would be counted twice by a balancer, and drained by halves. */
function refuseTaken(state: FleetState, { id, address }: { id: ServerId; address: Address }): Refused | undefined {
  const other = state.serverByAddress.get(addressKey(address));
  if (other === undefined || other === id) return undefined;
  return refuse({
    code: 'invalid',
    message: `server "${other}" has the address ${address.host}:${address.port}; "${id}" needs its own`,
    field: 'address',
    next: `muster server get ${other}`,
  });
}
