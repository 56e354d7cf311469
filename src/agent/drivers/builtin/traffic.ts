/** Requests, failures and their latency of each project version, since this process began. */
import type { HeldProject } from '../../../../schemas/directive.ts';
import type { ProjectTraffic } from '../../driver.ts';

interface Counted {
  requests: number;
  errors: number;
  latencyMs: number;
}

export interface Ended {
  readonly status: number;
  /** From the request's first byte until the answer's end, in milliseconds. */
  readonly latencyMs: number;
}

/** What the gateway or its upstream could not do. Not what the client asked wrongly. */
const errorStatusMin = 500;

export class TrafficCounts {
  /** By `project@version`. Bounded by what is served: see `retain`. */
  readonly #byLabel = new Map<string, Counted>();
  readonly #all: Counted = nothing();

  /** Whatever became of the projects that answered, and of requests that none answers. */
  get all(): Readonly<Counted> {
    return this.#all;
  }

  /** `label` undefined: no project answered it. */
  end(label: string | undefined, ended: Ended): void {
    count(this.#all, ended);
    if (label === undefined) return;
    let counted = this.#byLabel.get(label);
    if (counted === undefined) {
      counted = nothing();
      this.#byLabel.set(label, counted);
    }
    count(counted, ended);
  }

  /** Of these projects; one that nobody has asked for yet has counted nothing. */
  of(projects: readonly HeldProject[]): ProjectTraffic[] {
    return projects.map(({ project, version }) => {
      const counted = this.#byLabel.get(`${project}@${version}`);
      return { project, version, ...(counted ?? nothing()) };
    });
  }

  /** Forgets what is served no more. */
  retain(projects: readonly HeldProject[]): void {
    const labels = new Set(projects.map(({ project, version }) => `${project}@${version}`));
    for (const label of this.#byLabel.keys()) if (!labels.has(label)) this.#byLabel.delete(label);
  }
}

function nothing(): Counted {
  return { requests: 0, errors: 0, latencyMs: 0 };
}

function count(counted: Counted, { status, latencyMs }: Ended): void {
  counted.requests += 1;
  counted.latencyMs += latencyMs;
  if (status >= errorStatusMin) counted.errors += 1;
}
