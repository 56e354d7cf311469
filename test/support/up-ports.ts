/**
 * Ports of its own for a `muster up` of a test, where it looks for those of an earlier start: two that begin at one moment
 * find the usual ones free, and HAProxy lets both listen there.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const names = [
  'nats',
  'nats-monitor',
  'dashboard',
  'group-production',
  'group-development',
  'apigateway',
  'apigateway1',
] as const;

export async function setUpPorts(folder: string): Promise<void> {
  const ports = new Set<number>();
  while (ports.size < names.length) ports.add(await freePort());
  const byName = Object.fromEntries(names.map((name, index) => [name, [...ports][index]]));
  mkdirSync(join(folder, '.muster'), { recursive: true });
  writeFileSync(join(folder, '.muster', 'ports.json'), JSON.stringify(byName));
}
