/** The services of an embedded fleet as child processes: this very program with other arguments. */
import { extname, join } from 'node:path';
import { findProgram } from '../programs.ts';
import type { ChildDefinition } from './children.ts';
import type { Folders } from './folders.ts';
import type { Ports } from './ports.ts';

export interface ServicePlan {
  readonly coordinator: ChildDefinition;
  readonly gateways: readonly ChildDefinition[];
  readonly balancer: ChildDefinition;
  readonly dashboard: ChildDefinition;
  readonly dashboardUrl: string;
  /** Where each group's traffic enters: what people type. */
  readonly entryByGroup: Readonly<Record<string, string>>;
}

export interface PlanOptions {
  readonly folders: Folders;
  readonly ports: Ports;
  readonly fleet: string;
  readonly natsUrl: string;
  readonly natsMonitorUrl: string | undefined;
}

/** Usual and easy to remember; the ones in use are remembered. */
const portByGroup = { Production: 8_080, Development: 8_081 } as const;
const dashboardPortUsual = 8_090;
/** A gateway finishes what is in flight first. */
const gatewayStopTimeoutMs = 35_000;
const stopTimeoutMs = 15_000;

/** The file our HAProxy is started from: its command line names it, and no other HAProxy's does. */
export function haproxyFile(folders: Folders): string {
  return join(folders.data, 'balancer', 'haproxy', 'haproxy.cfg');
}

export async function planServices({
  folders,
  ports,
  fleet,
  natsUrl,
  natsMonitorUrl,
}: PlanOptions): Promise<ServicePlan> {
  const service = (name: string, args: readonly string[], stopMs: number): ChildDefinition => {
    const data = join(folders.data, name);
    const shared = ['--nats', natsUrl, '--fleet', fleet, '--data', data];
    return { name, ...thisProgram([...args, ...shared]), mark: data, ready: 'ipc', stopTimeoutMs: stopMs };
  };
  const monitor = natsMonitorUrl === undefined ? [] : ['--nats-monitor', natsMonitorUrl];
  const gateways: ChildDefinition[] = [];
  for (const name of ['apigateway', 'apigateway1']) {
    const listen = `127.0.0.1:${await ports.claim(name)}`;
    gateways.push(service(name, ['gateway', 'run', '--name', name, '--listen', listen], gatewayStopTimeoutMs));
  }
  const entryByGroup: Record<string, string> = {};
  const frontends: string[] = [];
  for (const [group, usual] of Object.entries(portByGroup)) {
    const port = await ports.claim(`group-${group.toLowerCase()}`, usual);
    entryByGroup[group] = `http://127.0.0.1:${port}`;
    frontends.push('--frontend', `${group.toLowerCase()}=127.0.0.1:${port}`);
  }
  const dashboardAt = `127.0.0.1:${await ports.claim('dashboard', dashboardPortUsual)}`;
  const haproxy = findProgram('haproxy');
  const program = haproxy === undefined ? [] : ['--program', haproxy];
  return {
    coordinator: service('coordinator', ['coordinator', 'run', '--allow-not-durable', ...monitor], stopTimeoutMs),
    gateways,
    balancer: service('balancer', ['balancer', 'run', '--name', 'haproxy', ...program, ...frontends], stopTimeoutMs),
    dashboard: service('dashboard', ['dashboard', 'run', '--listen', dashboardAt], stopTimeoutMs),
    dashboardUrl: `http://${dashboardAt}`,
    entryByGroup,
  };
}

/** From source under a loader, or from `dist`: children run as we do. */
function thisProgram(args: readonly string[]): { program: string; args: string[] } {
  const main = join(import.meta.dirname, '..', `main${extname(import.meta.filename)}`);
  return { program: process.execPath, args: [...process.execArgv, main, ...args] };
}
