/** Health checks by real requests to the gateway's own listener: what passes is what a client would get. */
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { textOf } from '../../../std/failure.ts';
import type { AppliedProject, ProjectProblem } from '../../driver.ts';
import { selfTestHeader } from './headers.ts';

/** A health path answers at once; one that needs longer is not healthy. */
const checkTimeoutMs = 5_000;
/** Checks at once: a set of a thousand projects shall not be a burst of a thousand requests. */
const connectionsMax = 4;

export interface SelfTest {
  /** Of these projects, those whose health path does not answer 2xx. One without a health path passes. */
  check(projects: readonly AppliedProject[], table: 'live' | 'staged', signal: AbortSignal): Promise<ProjectProblem[]>;
  close(): Promise<void>;
}

export function createSelfTest({ address, secret }: { address: AddressInfo; secret: string }): SelfTest {
  const any = new Map([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '[::1]'],
  ]);
  const host = any.get(address.address) ?? (address.family === 'IPv6' ? `[${address.address}]` : address.address);
  const pool = new Pool(`http://${host}:${address.port}`, { connections: connectionsMax });
  return {
    async check(projects, table, signal) {
      const checks = projects.map(async (project): Promise<ProjectProblem[]> => {
        const text = await checkOne({ pool, project, token: `${secret} ${table}`, signal });
        return text === undefined ? [] : [{ project: project.project, text }];
      });
      return (await Promise.all(checks)).flat();
    },
    close: () => pool.destroy(),
  };
}

interface CheckOptions {
  readonly pool: Pool;
  readonly project: AppliedProject;
  readonly token: string;
  readonly signal: AbortSignal;
}

async function checkOne({ pool, project, token, signal }: CheckOptions): Promise<string | undefined> {
  const path = project.file.health;
  if (path === undefined) return undefined;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
  try {
    const headers = { [selfTestHeader]: token };
    const answer = await pool.request({ path, method: 'GET', headers, signal: deadline });
    await answer.body.dump({ limit: 1024 * 1024, signal: deadline });
    if (answer.statusCode < 200 || answer.statusCode > 299) return `GET ${path} answered ${answer.statusCode}`;
    const label = `${project.project}@${project.version}`;
    const by = answer.headers['x-muster-project'];
    return by === label ? undefined : `GET ${path} was answered by ${String(by)}`;
  } catch (error) {
    return `GET ${path} did not answer: ${textOf(error)}`;
  }
}
