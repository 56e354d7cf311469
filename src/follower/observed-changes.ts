/**
 * Tells that what is observed has changed where people see it, some times a second however much is heard. What is
 * repeated, and the flow of requests through a server that stays, is not worth a word.
 */
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { Heard } from '../coordinator/observations.ts';
import type { FleetState } from '../domain/state.ts';
import type { Clock, Timer } from '../std/clock.ts';

/** Whose observed part is another one now. */
export interface ChangedObserved {
  /** Groups one of whose servers, pools or balancers it is about; `null` stands for servers in none. */
  readonly groups: readonly GroupId[];
  readonly servers: readonly ServerId[];
  readonly balancers: readonly string[];
}

/** The first change is told at once, further ones together: below what a person notices, above what screens can follow. */
const intervalMs = 100;

export interface ObservedChangesOptions {
  readonly clock: Clock;
  readonly state: () => FleetState;
  readonly tell: (changed: ChangedObserved) => void;
}

export class ObservedChanges {
  readonly #options: ObservedChangesOptions;
  readonly #groups = new Set<GroupId>();
  readonly #servers = new Set<ServerId>();
  readonly #balancers = new Set<string>();
  /** Set while a word was said less than an interval ago. */
  #quiet: Timer | undefined;

  constructor(options: ObservedChangesOptions) {
    this.#options = options;
  }

  heard(heard: Heard): void {
    if (!this.#isWorthAWord(heard)) return;
    if (heard.kind === 'applied') {
      this.#groups.add(heard.group);
      this.#balancers.add(heard.now.balancer);
    } else {
      this.#servers.add(heard.server);
      const group = this.#memberOf(heard.server)?.group;
      if (group !== undefined) this.#groups.add(group);
    }
    this.#speak();
  }

  /** The pool of this group was published. */
  published(group: GroupId): void {
    this.#groups.add(group);
    this.#speak();
  }

  #speak(): void {
    if (this.#quiet !== undefined) return;
    const { clock, tell } = this.#options;
    const changed = { groups: [...this.#groups], servers: [...this.#servers], balancers: [...this.#balancers] };
    for (const names of [this.#groups, this.#servers, this.#balancers]) names.clear();
    this.#quiet = clock.after(intervalMs, () => {
      this.#quiet = undefined;
      if (this.#groups.size + this.#servers.size + this.#balancers.size > 0) this.#speak();
    });
    tell(changed);
  }

  #isWorthAWord(heard: Heard): boolean {
    if (heard.before === null) return true;
    switch (heard.kind) {
      case 'beat': {
        const { now, before, server } = heard;
        if (now.healthy !== before.healthy || now.instance !== before.instance) return true;
        if (now.sync?.position !== before.sync?.position || now.sync?.bundles !== before.sync?.bundles) return true;
        return now.inFlight !== before.inFlight && this.#memberOf(server)?.drain != null;
      }
      default:
        return JSON.stringify(heard.now) !== JSON.stringify(heard.before);
    }
  }

  #memberOf(server: ServerId) {
    return this.#options.state().serverById.get(server)?.member ?? null;
  }
}
