/** One round of a leader frozen in mid-append while another takes over, and woken: for tests and for the bench. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LogPort } from '../../src/eventlog/log-port.ts';
import { lead, type Reign } from '../integration/eventlog-leader.ts';
import { eventually } from './eventually.ts';

export interface FrozenRoundOptions {
  readonly url: string;
  readonly stream: string;
  readonly port: LogPort;
  /** Names both leaders, so that their records can be told apart. */
  readonly round: number;
  /** How long the next one leads meanwhile. */
  readonly frozenMs: number;
}

export interface FrozenRound {
  /** The one that was frozen, as it saw its own end, and the one that took over. */
  readonly old: Reign;
  readonly next: Reign;
}

export async function freezeLeader({ url, stream, port, round, frozenMs }: FrozenRoundOptions): Promise<FrozenRound> {
  const { child, lines } = startLeader([url, stream, `${stream}.records`, `old-${round}`]);
  try {
    await eventually(() => lines.length > 0, { what: 'the first leader to lead', timeoutMs: 20_000 });
    const before = await port.lastSequence(5_000);
    await eventually(async () => (await port.lastSequence(5_000)) > before + 20, { what: 'it to append' });
    child.kill('SIGSTOP');
    const next = await takeOver(port, { instance: `new-${round}`, untilMs: frozenMs });
    child.kill('SIGCONT');
    const old = await eventually(() => lines[1], { what: 'the frozen one to step down' });
    return { old: old as Reign, next };
  } finally {
    child.kill('SIGKILL');
  }
}

function startLeader(args: readonly string[]): { child: ChildProcess; lines: object[] } {
  const script = fileURLToPath(new URL('../integration/eventlog-leader.ts', import.meta.url));
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { stdio: [...stdio] });
  const lines: object[] = [];
  if (child.stdout === null) throw new Error('its output is piped');
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as object));
  return { child, lines };
}

/** Leads from the log's head, and once more if a record the frozen one had sent before was still on its way. */
async function takeOver(port: LogPort, { instance, untilMs }: { instance: string; untilMs: number }): Promise<Reign> {
  const endsAt = performance.now() + untilMs;
  for (let attempt = 1; ; attempt++) {
    const reign = await lead({ port, instance: `${instance}-${attempt}`, enough: () => performance.now() > endsAt });
    if (reign.durable > 0 || attempt === 5) return reign;
  }
}
