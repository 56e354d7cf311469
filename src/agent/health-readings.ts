/** Whether a gateway is well, by its own health checks: what one reading says alone changes nothing. Pure. */

/** One answer may be lost to a busy moment; three in a row are a server that does not work. */
const failedReadingsMin = 3;
/** One answer may slip through where everything else fails; a server that comes back proves itself anew, for nothing. */
const passedReadingsMin = 2;

export class HealthReadings {
  healthy = true;
  /** Readings in a row that say otherwise. */
  #against = 0;

  /** The last reading did not say what counts: the next one is worth taking soon. */
  get isInDoubt(): boolean {
    return this.#against > 0;
  }

  /** True when the reading changed what counts. */
  take(passed: boolean): boolean {
    this.#against = passed === this.healthy ? 0 : this.#against + 1;
    if (this.#against < (this.healthy ? failedReadingsMin : passedReadingsMin)) return false;
    this.healthy = !this.healthy;
    this.#against = 0;
    return true;
  }
}
