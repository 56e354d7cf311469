/** Health checks and probes by real requests to the gateway's own listener: what passes is what a client would get. */
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import type { Clock } from '../../../std/clock.ts';
import { underDeadline } from '../../../std/deadline.ts';
import { textOf } from '../../../std/failure.ts';
import { hostPort } from '../../../std/host-port.ts';
import type { AppliedProject, ProjectProblem } from '../../driver.ts';
import { type Check, healthCheck, probeCheck } from '../../health-checks.ts';
import { selfTestHeader } from './headers.ts';

/** Checks at once: a set of a thousand projects shall not be a burst of a thousand requests. */
const connectionsMax = 4;

export interface SelfTest {
  /** Of these projects, those that do not pass a check of theirs, each with the first. One without any passes. */
  check(projects: readonly AppliedProject[], table: 'live' | 'staged', signal: AbortSignal): Promise<ProjectProblem[]>;
  close(): Promise<void>;
}

export interface SelfTestOptions {
  readonly address: AddressInfo;
  readonly secret: string;
  readonly clock: Clock;
}

export function createSelfTest({ address, secret, clock }: SelfTestOptions): SelfTest {
  const any = new Map([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
  ]);
  const host = any.get(address.address) ?? address.address;
  const pool = new Pool(`http://${hostPort({ host, port: address.port })}`, { connections: connectionsMax });
  return {
    async check(projects, table, signal) {
      const checks = projects.map(async (project): Promise<ProjectProblem[]> => {
        for (const check of checksOf(project)) {
          const text = await checkOne({ pool, clock, project, check, token: `${secret} ${table}`, signal });
          if (text !== undefined) return [{ project: project.project, text }];
        }
        return [];
      });
      return (await Promise.all(checks)).flat();
    },
    close: () => pool.destroy(),
  };
}

interface PathCheck extends Check {
  readonly path: string;
}

function checksOf({ file: { health }, probe }: AppliedProject): PathCheck[] {
  return [
    ...(health === undefined ? [] : [{ ...healthCheck, path: health }]),
    ...(probe === undefined ? [] : [{ ...probeCheck(probe), path: probe.path }]),
  ];
}

interface CheckOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly project: AppliedProject;
  readonly check: PathCheck;
  readonly token: string;
  readonly signal: AbortSignal;
}

/** Why it does not pass; undefined when it does. */
async function checkOne({ pool, clock, project, check, token, signal }: CheckOptions): Promise<string | undefined> {
  const { path, timeoutMs, passes } = check;
  try {
    const headers = { [selfTestHeader]: token };
    const answer = await underDeadline({ clock, timeoutMs, what: 'an answer', signal }, async (deadline) => {
      const answered = await pool.request({ path, method: 'GET', headers, signal: deadline });
      await answered.body.dump({ limit: 1024 * 1024, signal: deadline });
      return answered;
    });
    if (!passes(answer.statusCode)) return `GET ${path} answered ${answer.statusCode}`;
    const label = `${project.project}@${project.version}`;
    const by = answer.headers['x-muster-project'];
    return by === label ? undefined : `GET ${path} was answered by ${String(by ?? 'the gateway itself')}`;
  } catch (error) {
    return `GET ${path} did not answer: ${textOf(error)}`;
  }
}
