/** Has the bundles of a directive, one after the other: from the disk, else fetched and verified; and counts them. */
import type { DesiredProject, Directive } from '../../schemas/directive.ts';
import type { Beat } from '../../schemas/receipt.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { BundleShelf, StoredBundle } from './bundle-store.ts';
import type { HeldOnDisk } from './holdings.ts';

export interface BundleIntakeOptions {
  readonly store: BundleShelf;
  readonly holdings: HeldOnDisk;
  /** The bytes of a bundle, unverified. */
  readonly fetch: (desired: DesiredProject, signal: AbortSignal) => Promise<Uint8Array>;
  /** A bundle was fetched: `sync` says how far it has come. */
  readonly onFetched?: () => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A group's servers hear of a deployment in one moment: their fetches are spread over this. */
const fetchSpreadMs = 250;

export class BundleIntake {
  /** Of the directive begun last, until its end. */
  sync: Beat['sync'];
  readonly #options: BundleIntakeOptions;
  /** It is on its way out: nothing more is fetched. */
  #isGoing = false;
  /** The first fetch of this directive has had its pause. */
  #isSpread = false;

  constructor(options: BundleIntakeOptions) {
    this.#options = options;
  }

  begin({ position, projects, serving }: Directive): void {
    // Nothing to hold is done in a moment.
    this.sync = projects.length === 0 ? undefined : { position, bundles: 0, of: projects.length };
    // A server on its way out is not held up by what it will not serve; once it is out it goes on holding what is new.
    this.#isGoing = serving === 'draining' && this.#options.holdings.value.serving === 'yes';
    this.#isSpread = false;
  }

  end(): void {
    this.sync = undefined;
  }

  async obtain(desired: DesiredProject, signal: AbortSignal): Promise<StoredBundle> {
    const { store, onFetched } = this.#options;
    let bundle = await store.find(desired.digest);
    const isFetched = bundle === undefined;
    if (bundle === undefined) {
      const bytes = await this.#fetch(desired, signal);
      signal.throwIfAborted();
      bundle = await store.add(desired.digest, bytes);
    }
    const { name } = bundle.file;
    if (name !== desired.project) throw refused('bundle-invalid', `the bundle is of the project ${name}`);
    if (this.sync !== undefined) this.sync = { ...this.sync, bundles: this.sync.bundles + 1 };
    if (isFetched) onFetched?.();
    return bundle;
  }

  async #fetch(desired: DesiredProject, signal: AbortSignal): Promise<Uint8Array> {
    const { fetch, clock, random } = this.#options;
    if (this.#isGoing) throw refused('unavailable', 'not fetched, since the server is draining');
    if (!this.#isSpread) await pause({ clock, delayMs: random() * fetchSpreadMs, signal });
    this.#isSpread = true;
    return fetch(desired, signal);
  }
}

function refused(code: 'unavailable' | 'bundle-invalid', message: string): Failure {
  return new Failure({ code, retryable: false, message });
}
