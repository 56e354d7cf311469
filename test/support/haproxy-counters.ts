/** What HAProxy itself counts of a group while a drill runs: who takes requests at any moment, and what went wrong. */
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import type { GroupId } from '../../schemas/ids.ts';
import { backendOf } from '../../src/balancers/haproxy/config-file.ts';
import { ask } from '../../src/balancers/haproxy/runtime-socket.ts';
import { socketFolder } from '../../src/balancers/sockets.ts';
import { systemClock } from '../../src/std/clock.ts';

export interface HaproxyCounts {
  /** Looks taken, so that a watch that saw nothing is noticed. */
  readonly looks: number;
  /** Servers that took new requests at once, at the least. */
  readonly takingMin: number;
  /** Connections refused, answers broken off, and answers of 5xx, of all servers together, since the watch began. */
  readonly errors: number;
}

export interface HaproxyWatch {
  stop(): Promise<HaproxyCounts>;
}

/** A drain of a server that is idle is over in some hundred milliseconds. */
const lookEveryMs = 40;

interface Row {
  readonly isTaking: boolean;
  readonly errors: number;
}

/** `data`: the folder of the HAProxy that is watched. */
export async function watchHaproxy(data: string, group: string): Promise<HaproxyWatch> {
  const socketPath = join(await socketFolder(data), 'admin.sock');
  const before = await rowsOf(socketPath, group);
  let [looks, takingMin, stopped] = [1, taking(before), false];
  const watching = (async () => {
    while (!stopped) {
      await pause(lookEveryMs);
      takingMin = Math.min(takingMin, taking(await rowsOf(socketPath, group)));
      looks += 1;
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      const errors = errorsIn(await rowsOf(socketPath, group)) - errorsIn(before);
      return { looks, takingMin, errors };
    },
  };
}

function taking(rows: readonly Row[]): number {
  return rows.filter(({ isTaking }) => isTaking).length;
}

function errorsIn(rows: readonly Row[]): number {
  return rows.reduce((sum, { errors }) => sum + errors, 0);
}

async function rowsOf(socketPath: string, group: string): Promise<Row[]> {
  const backend = backendOf(group as GroupId);
  const text = await ask({ socketPath, commands: ['show stat'], clock: systemClock });
  const [head = '', ...lines] = text.split('\n').filter((line) => line.includes(','));
  const columns = head.replace('# ', '').split(',');
  return lines
    .map((line) => line.split(','))
    .map((values) => (name: string) => values[columns.indexOf(name)] ?? '')
    .filter((field) => field('pxname') === backend && !['FRONTEND', 'BACKEND'].includes(field('svname')))
    .map((field) => ({
      isTaking: /^(UP|no check)/.test(field('status')),
      errors: ['econ', 'eresp', 'hrsp_5xx'].reduce((sum, name) => sum + Number(field(name)), 0),
    }));
}
