/** What the coordinators of every fleet on a server say of themselves, as it comes. */
import type { Bus } from '../../src/nats/bus.ts';
import { messageOrNothing } from '../../src/wire/message.ts';
import { ReplicaBeat } from '../../schemas/coordinators.ts';
import { eventually } from './eventually.ts';

export class ReplicaWatch {
  readonly #beatsByFleet = new Map<string, Map<string, { beat: ReplicaBeat; heardAt: number }>>();
  readonly #freshMs: number;
  readonly #subscription: { unsubscribe(): void };

  /** `freshMs`: whoever was not heard for so long is not counted; a few beats. */
  constructor(bus: Bus, freshMs: number) {
    this.#freshMs = freshMs;
    this.#subscription = bus.subscribe({
      subject: 'muster.*.coordinator.replica',
      onMessage: ({ subject, data }) => {
        const beat = messageOrNothing(ReplicaBeat, data);
        const fleet = subject.split('.')[1] ?? '';
        const beats = this.#beatsByFleet.get(fleet) ?? new Map();
        if (beat !== undefined) beats.set(beat.instance, { beat, heardAt: performance.now() });
        this.#beatsByFleet.set(fleet, beats);
      },
    });
  }

  of(fleet: string): readonly ReplicaBeat[] {
    const heard = [...(this.#beatsByFleet.get(fleet)?.values() ?? [])];
    return heard.filter(({ heardAt }) => performance.now() - heardAt < this.#freshMs).map(({ beat }) => beat);
  }

  leaders(fleet: string): readonly string[] {
    const leading = this.of(fleet).filter(({ role }) => role === 'leader');
    return leading.map(({ instance }) => instance);
  }

  /** Waits until this instance, or any where none is named, leads alone. */
  untilLeads(fleet: string, instance?: string): Promise<ReplicaBeat> {
    return eventually(
      () => {
        const [leader, second] = this.of(fleet).filter(({ role }) => role === 'leader');
        return second === undefined && leader?.instance === (instance ?? leader?.instance) && leader;
      },
      { what: `${instance ?? 'somebody'} to lead`, timeoutMs: 20_000 },
    );
  }

  untilStandsBy(fleet: string, instance: string): Promise<ReplicaBeat> {
    return eventually(() => this.of(fleet).find((each) => each.instance === instance && each.role === 'standby'), {
      what: `${instance} to stand by`,
      timeoutMs: 20_000,
    });
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }
}
