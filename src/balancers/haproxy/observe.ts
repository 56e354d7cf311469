/** What HAProxy says it holds, parsed: `show servers state`, `show stat` and the master's `show proc`. Pure. */
import type { Address, ServerId } from '../../../schemas/ids.ts';

/** One server of a backend as HAProxy 2.6 lists it. */
export interface RuntimeServer {
  readonly server: ServerId;
  /** `-` for the host of a server without an address. */
  readonly address: Address;
  readonly weight: number;
  readonly admin: 'ready' | 'drain' | 'maintenance';
  readonly healthy: boolean;
  /** False for a server added at run time whose check was not yet switched on. */
  readonly checked: boolean;
  /** Since it went up, down or into maintenance, seconds. */
  readonly unchangedForSeconds: number;
}

// Bits of `srv_admin_state` and `srv_check_state` (management guide 2.6, "show servers state").
const maintenanceBits = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
const drainBits = 0x08 | 0x10;
const checkEnabledBit = 0x04;

/** The servers of one backend from `show servers state`. */
export function parseServers(text: string, backend: string): RuntimeServer[] {
  const servers: RuntimeServer[] = [];
  let columns: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('# be_id')) {
      columns = line.slice(2).split(' ');
      continue;
    }
    const values = line.split(' ');
    if (columns.length === 0 || values.length < columns.length) continue;
    const field = (name: string) => values[columns.indexOf(name)] ?? '';
    if (field('be_name') !== backend) continue;
    const admin = Number(field('srv_admin_state'));
    servers.push({
      server: field('srv_name') as ServerId,
      address: { host: field('srv_addr'), port: Number(field('srv_port')) },
      weight: Number(field('srv_uweight')),
      admin: (admin & maintenanceBits) !== 0 ? 'maintenance' : (admin & drainBits) !== 0 ? 'drain' : 'ready',
      healthy: field('srv_op_state') !== '0',
      checked: (Number(field('srv_check_state')) & checkEnabledBit) !== 0,
      unchangedForSeconds: Number(field('srv_time_since_last_change')),
    });
  }
  return servers;
}

/** Current sessions by line name of one proxy from `show stat`: server ids, `FRONTEND`, `BACKEND`. */
export function parseSessions(text: string, proxy: string): Map<string, number> {
  const sessions = new Map<string, number>();
  for (const line of text.split('\n')) {
    const values = line.split(',');
    const [name, row, , , current] = values;
    if (name === proxy && row !== undefined && current !== undefined) sessions.set(row, Number(current));
  }
  return sessions;
}

export interface Processes {
  readonly master: number;
  /** How many reloads in a row failed, by the master's count. */
  readonly failedReloads: number;
  /** 0 while the master has none. */
  readonly worker: number;
  /** Workers of before a reload that still hold connections. */
  readonly leaving: readonly number[];
}

/** The master's `show proc`; undefined when the text is none. */
export function parseProcesses(text: string): Processes | undefined {
  const masterLine = /^(\d+)\s+master\s+\d+\s*(?:\[failed: (\d+)\])?/m.exec(text);
  if (masterLine === null) return undefined;
  const [newer = '', older = ''] = text.split('# old workers');
  const pids = (part: string) => [...part.matchAll(/^(\d+)\s+worker\s/gm)].map((found) => Number(found[1]));
  return {
    master: Number(masterLine[1]),
    failedReloads: Number(masterLine[2] ?? 0),
    worker: pids(newer)[0] ?? 0,
    leaving: pids(older),
  };
}
