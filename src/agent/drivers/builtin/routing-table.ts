/**
 * Which project answers a request: built whole from a set of projects, never changed, so that swapping one for the
 * next is one assignment. No I/O.
 */
import findMyWay from 'find-my-way';
import type { Route } from '../../../../schemas/bundle.ts';
import type { ServerId } from '../../../../schemas/ids.ts';
import { textOf } from '../../../std/failure.ts';
import type { AppliedProject, ProjectProblem } from '../../driver.ts';

export type Target = FixedAnswer | Upstream;

interface Served {
  /** `name@version`, for people and for the answer's header. */
  readonly label: string;
}
export interface FixedAnswer extends Served {
  readonly kind: 'respond';
  readonly status: number;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly delayMs: number;
}
export interface Upstream extends Served {
  readonly kind: 'upstream';
  /** Scheme, host and port. */
  readonly origin: string;
  /** What stands before the request's own path; without a slash at its end. */
  readonly basePath: string;
}

export interface RoutingTable {
  readonly projects: readonly AppliedProject[];
  /** Every upstream's origin. */
  readonly origins: ReadonlySet<string>;
  find(method: string, url: string): Target | undefined;
}

/** Paths of the gateway itself. */
export const reservedPrefix = '/-/';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type Method = (typeof methods)[number];
/** The router's default of 100 would answer 404 to a long token in a path; headers are bounded at 16 KiB anyway. */
const paramLengthMax = 16 * 1024;
const noRedirects = () => undefined;

export function buildRoutingTable(
  server: ServerId,
  set: readonly AppliedProject[],
): { readonly table: RoutingTable; readonly problems: readonly ProjectProblem[] } {
  const router = findMyWay({ maxParamLength: paramLengthMax, querystringParser: () => ({}) });
  const building: Building = { server, router, claimantByRoute: new Map(), origins: new Set() };
  const problems: ProjectProblem[] = [];
  // What works here keeps its routes; among the rest, the first by name.
  const inOrder = [...set].sort((a, b) => Number(b.proven) - Number(a.proven) || (a.project < b.project ? -1 : 1));
  for (const project of inOrder) {
    const text = addProject(building, project);
    if (text !== undefined) problems.push({ project: project.project, text });
  }
  const find = (method: string, url: string) => {
    // The router takes any string at run time; its types list the methods Node knows.
    const found = router.find(method as Method, url);
    return (found?.store ?? undefined) as Target | undefined;
  };
  return { table: { projects: set, origins: building.origins, find }, problems };
}

interface Building {
  readonly server: ServerId;
  readonly router: ReturnType<typeof findMyWay>;
  /** By method and path with parameters' names taken out. */
  readonly claimantByRoute: Map<string, string>;
  readonly origins: Set<string>;
}

/** Why the project cannot be served; undefined when its routes are in. */
function addProject(building: Building, project: AppliedProject): string | undefined {
  const { router, claimantByRoute, origins } = building;
  const { routes } = project.file;
  // A route that names its methods wins over one of the same project that takes all.
  const inOrder = [...routes.filter((route) => route.methods), ...routes.filter((route) => !route.methods)];
  for (const route of inOrder) {
    if (route.path.startsWith(reservedPrefix)) return `the path ${route.path} is the gateway's own`;
    const target = targetOf(building.server, project, route);
    const added: Method[] = [];
    for (const method of route.methods ?? methods) {
      const key = `${method} ${route.path.replace(/\/:[^/]+/g, '/:')}`;
      const claimant = claimantByRoute.get(key);
      const isOurs = claimant === project.project;
      if (isOurs && route.methods === undefined) continue;
      if (claimant !== undefined)
        return `${method} ${route.path} is ${isOurs ? 'named twice' : `served by ${claimant}`}`;
      claimantByRoute.set(key, project.project);
      added.push(method);
    }
    try {
      if (added.length > 0) router.on(added, route.path, noRedirects, target);
    } catch (error) {
      return `the path ${route.path} is not taken: ${textOf(error)}`;
    }
    if (target.kind === 'upstream') origins.add(target.origin);
  }
  return undefined;
}

function targetOf(server: ServerId, project: AppliedProject, route: Route): Target {
  const label = `${project.project}@${project.version}`;
  if (route.respond !== undefined) {
    const { status, headers = {}, body, delayMs = 0 } = route.respond;
    const filled = body.replace(/\{\{(server|project|version)\}\}/g, (_, name: 'server' | 'project' | 'version') =>
      name === 'server' ? server : project[name],
    );
    const names = Object.keys(headers).map((name) => name.toLowerCase());
    const type = names.includes('content-type') ? [] : ['content-type', contentTypeOf(filled)];
    return {
      kind: 'respond',
      label,
      status,
      headers: [...Object.entries(headers).flat(), ...type],
      body: Buffer.from(filled),
      delayMs,
    };
  }
  const url = new URL(route.upstream ?? '');
  return { kind: 'upstream', label, origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') };
}

function contentTypeOf(body: string): string {
  return /^\s*[[{]/.test(body) ? 'application/json' : 'text/plain; charset=utf-8';
}
