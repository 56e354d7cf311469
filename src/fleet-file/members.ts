/** Who comes into a group, who moves there, who leaves: from the servers a file declares. Pure. */
import type { FleetState, Server } from '../domain/state.ts';
import type { DeclaredServers } from '../../schemas/fleet-file.ts';
import { type GroupName, groupIdOf, type ServerId } from '../../schemas/ids.ts';
import type { PlannedChange, Planning } from './plan.ts';

interface Declared {
  readonly name: GroupName;
  /** Sorted, each once. */
  readonly wanted: readonly ServerId[];
  /** Wanted by any group of the file: those move there, and taking them out here is no matter of its own. */
  readonly claimed: ReadonlySet<ServerId>;
}

/** Those who are free come by one command; each that is elsewhere moves by one of its own. */
export function plannedMembers(planning: Planning, { name, wanted, claimed }: Declared): PlannedChange[] {
  const { state, reads, prune, kept } = planning;
  const group = state.groupById.get(groupIdOf(name));
  const on = reads.group(groupIdOf(name));
  for (const server of wanted) reads.server(server);
  const isHere = (server: ServerId) => group?.servers.has(server) === true || group?.inbound.has(server) === true;
  const coming = wanted.filter((server) => !isHere(server));
  const isElsewhere = (server: ServerId) => state.serverById.get(server)?.member != null;
  const elsewhere = coming.filter(isElsewhere);
  const add = coming.filter((server) => !isElsewhere(server));
  const stray = [...(group?.servers ?? [])].filter((server) => !claimed.has(server)).sort();
  if (!prune) kept.push(...stray.map((server) => `server ${server} in ${name}`));
  const remove = prune ? stray : [];
  const changes: PlannedChange[] = [];
  if (add.length + remove.length > 0) {
    const payload = {
      group: name,
      ...(add.length === 0 ? {} : { add }),
      ...(remove.length === 0 ? {} : { remove }),
    };
    const text = [
      ...(add.length === 0 ? [] : [`${add.join(', ')} ${add.length === 1 ? 'joins' : 'join'} ${name}`]),
      ...(remove.length === 0 ? [] : [`${remove.join(', ')} ${remove.length === 1 ? 'leaves' : 'leave'} ${name}`]),
    ].join('; ');
    changes.push({ command: { type: 'group.set-servers', payload }, on, text });
  }
  for (const server of elsewhere) {
    const from = state.serverById.get(server)?.member?.group ?? '';
    const command = { type: 'server.move', payload: { server, group: name } } as const;
    changes.push({ command, on: reads.server(server), text: `${server} moves from ${from} to ${name}` });
  }
  return changes;
}

/** Sorted, each once. */
export function wantedOf(state: FleetState, declared: DeclaredServers): ServerId[] {
  if (Array.isArray(declared)) return [...new Set(declared)].sort();
  const wanted = Object.entries(declared.labels);
  const bears = ({ labels }: Server) => wanted.every(([name, value]) => labels[name] === value);
  return [...state.serverById.values()]
    .filter(bears)
    .map(({ id }) => id)
    .sort();
}
