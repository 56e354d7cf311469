/** Splits a `group.set-servers` that one command cannot carry. Pure. */
import { type CommandPayloadInput, serversPerCommandMax } from '../../schemas/commands.ts';

export interface ServerChanges {
  readonly group: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/**
 * Names of one command together at most, in bytes: a command is at most 256 KiB, and each name has a byte or two of
 * frame around it.
 */
export const nameBytesMax = 192 * 1024;

/** What to add to and remove from `present` so that it becomes `wanted`; both sorted. */
export function serverChanges(present: readonly string[], wanted: readonly string[]) {
  const before = new Set(present);
  const after = new Set(wanted);
  return {
    add: [...after].filter((server) => !before.has(server)).sort(),
    remove: [...before].filter((server) => !after.has(server)).sort(),
  };
}

/** Commands that together make the change: those that add first, so that a group never shrinks before it grows. */
export function splitServerChanges({ group, add, remove }: ServerChanges): CommandPayloadInput<'group.set-servers'>[] {
  return [
    ...chunks(add).map((servers) => ({ group, add: servers })),
    ...chunks(remove).map((servers) => ({ group, remove: servers })),
  ];
}

/** Whether one command can carry these names. */
export function fitsOneCommand(...lists: readonly (readonly string[])[]): boolean {
  const servers = lists.flat();
  return servers.length <= serversPerCommandMax && bytesOf(servers) <= nameBytesMax;
}

function chunks(servers: readonly string[]): string[][] {
  const found: string[][] = [];
  let chunk: string[] = [];
  let bytes = 0;
  for (const server of servers) {
    if (chunk.length === serversPerCommandMax || bytes + server.length > nameBytesMax) {
      found.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(server);
    bytes += server.length;
  }
  if (chunk.length > 0) found.push(chunk);
  return found;
}

function bytesOf(servers: readonly string[]): number {
  return servers.reduce((sum, server) => sum + server.length, 0);
}
