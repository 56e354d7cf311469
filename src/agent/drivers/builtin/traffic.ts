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

  end(label: string, { status, latencyMs }: Ended): void {
    let counted = this.#byLabel.get(label);
    if (counted === undefined) {
      counted = { requests: 0, errors: 0, latencyMs: 0 };
      this.#byLabel.set(label, counted);
    }
    counted.requests += 1;
    counted.latencyMs += latencyMs;
    if (status >= errorStatusMin) counted.errors += 1;
  }

  /** Of these projects; one that nobody has asked for yet has counted nothing. */
  of(projects: readonly HeldProject[]): ProjectTraffic[] {
    return projects.map(({ project, version }) => {
      const counted = this.#byLabel.get(`${project}@${version}`);
      return { project, version, ...(counted ?? { requests: 0, errors: 0, latencyMs: 0 }) };
    });
  }

  /** Forgets what is served no more. */
  retain(projects: readonly HeldProject[]): void {
    const labels = new Set(projects.map(({ project, version }) => `${project}@${version}`));
    for (const label of this.#byLabel.keys()) if (!labels.has(label)) this.#byLabel.delete(label);
  }
}
