/**
 * The samples of a fleet's first run: published, deployed to both groups, one gateway joined to each.
 *
 * Only in a fleet nobody has touched yet: what an operator removed never comes back. The log itself says so, no marker
 * file: every event so far was asked by the fleet's own servers, balancers and coordinator, or is a step of this very
 * seeding that was cut short. Its commands have fixed ids, so that finishing it repeats nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Event } from '../../../schemas/events.ts';
import type { SendOutcome } from '../../../src/client/command-sender.ts';
import type { Muster } from '../../../src/client/muster.ts';
import { systemClock } from '../../../src/std/clock.ts';
import { underDeadline } from '../../../src/std/deadline.ts';
import { Failure } from '../../../src/std/failure.ts';

/** Who seeds, by the log. */
export const seedPrincipal = 'up';
const idPrefix = 'seed-';
const lastId = `${idPrefix}join-apigateway1`;
/** A fleet with more history than this is not new, whoever made it. */
const historyMax = 200;
const version = '1.0.0';
const projects = ['hello', 'orders'] as const;
const groups = ['Development', 'Production'] as const;
const membership = [
  { server: 'apigateway', group: 'Development' },
  { server: 'apigateway1', group: 'Production' },
] as const;

export const seededGroups: readonly string[] = groups;
export const seededServers: readonly string[] = membership.map(({ server }) => server);

export type Seeding =
  /** `createdAt` is part of every step's body: a step sent again must be the same command. */
  | { readonly status: 'needed'; readonly createdAt: number }
  | { readonly status: 'done-before' }
  | { readonly status: 'not-ours' };
/** Ids are remembered for a day: past half of it a seeding that was cut short is left as it is. */
const finishWithinMs = 12 * 60 * 60 * 1_000;

/** The feed follows the log by milliseconds; one that is not there by now has lost its beginning. */
const feedTimeoutMs = 10_000;

/** Whether this run shall seed, by everything the log holds. */
export async function seedingOf(muster: Muster, now: number, signal: AbortSignal): Promise<Seeding> {
  const head = await muster.query('coordinator', {}, { signal });
  if (head.status === 'error' || head.position > historyMax) return { status: 'not-ours' };
  const until = { clock: systemClock, timeoutMs: feedTimeoutMs, what: 'the feed', signal };
  const history = await underDeadline(until, async (deadline) => {
    const events: Event[] = [];
    for await (const event of muster.events({ follow: true, signal: deadline })) {
      events.push(event);
      if (event.position >= head.position) break;
    }
    return events;
  });
  return judgeHistory(history, now);
}

/** Pure. The history is whole: from position 1 on. */
export function judgeHistory(history: readonly Event[], now: number): Seeding {
  const [created] = history;
  if (created === undefined || created.position !== 1) return { status: 'not-ours' };
  if (history.some((event) => isSeed(event) && event.command?.id === lastId)) return { status: 'done-before' };
  const untouched = history.every((event) => isSeed(event) || isFleetsOwn(event));
  if (!untouched || now - created.at > finishWithinMs) return { status: 'not-ours' };
  return { status: 'needed', createdAt: created.at };
}

function isSeed({ principal, command }: Event): boolean {
  return principal === seedPrincipal && command !== undefined && command.id.startsWith(idPrefix);
}

function isFleetsOwn({ principal }: Event): boolean {
  return principal === 'system' || /^(srv|bal)_/.test(principal);
}

export interface SeedOptions {
  readonly createdAt: number;
  readonly onStep: (line: string) => void;
}

/** Sends every step and returns the last position. The servers it joins must have registered. */
export async function seed(muster: Muster, { createdAt, onStep }: SeedOptions): Promise<number> {
  let position = 0;
  const settle = (what: string, outcome: SendOutcome) => {
    position = Math.max(position, acceptedAt(what, outcome));
    onStep(what);
  };
  const options = (step: string) => ({ id: `${idPrefix}${step}`, issuedAt: createdAt });
  for (const project of projects) {
    const folder = join(samplesFolder(), project);
    const { outcome } = await muster.publishProject(folder, version, options(`publish-${project}`));
    settle(`sample project ${project}@${version} is published`, outcome);
  }
  for (const group of groups) {
    for (const project of projects) {
      const payload = { group, project, version };
      const step = options(`deploy-${project}-${group.toLowerCase()}`);
      settle(`${project}@${version} shall run on ${group}`, await muster.send('deployment.request', payload, step));
    }
  }
  for (const { server, group } of membership) {
    const payload = { server, group };
    settle(`${server} joins ${group}`, await muster.send('server.join', payload, options(`join-${server}`)));
  }
  return position;
}

function acceptedAt(what: string, outcome: SendOutcome): number {
  if (outcome.status === 'accepted') return outcome.position;
  // Decided by an earlier run that was cut short, longer ago than ids are remembered.
  if (outcome.rejection.code === 'unchanged') return 0;
  const message = `seeding stopped at "${what}": ${outcome.rejection.message}`;
  throw new Failure({ code: 'unavailable', retryable: false, message });
}

/** From source and from `dist` alike: the samples stand beside the sources, which TypeScript does not copy. */
export function samplesFolder(): string {
  let folder = import.meta.dirname;
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Failure({ code: 'io', retryable: false, message: 'the sample projects are not found' });
    folder = parent;
  }
  return join(folder, 'services', 'cli', 'samples');
}

function isPackageRoot(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return false;
  return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'muster';
}
