/**
 * What each replica of a fleet says of itself, leader or not, and hears of the others: for whoever lists the
 * coordinators, and for the share of fleets each process leads. Level-triggered, never logged, decides nothing.
 */
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import { encodeMessage, messageOrNothing } from '../wire/message.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { ReplicaBeat } from '../../schemas/coordinators.ts';
import type { FleetShares } from './fleet-shares.ts';

export interface ReplicaBeatsOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly instance: string;
  readonly shares: FleetShares;
  readonly clock: Clock;
  readonly beatMs: number;
  readonly own: () => ReplicaBeat;
}

/** Beats and listens until the signal fires. */
export async function beatAsReplica(options: ReplicaBeatsOptions, signal: AbortSignal): Promise<void> {
  const { bus, fleet, shares, instance, clock, beatMs, own } = options;
  const subject = subjects.replicaBeat(fleet);
  const subscription = bus.subscribe({
    subject,
    onMessage: ({ data }) => {
      const beat = messageOrNothing(ReplicaBeat, data);
      if (beat !== undefined && beat.instance !== instance) shares.heard(fleet, beat);
    },
  });
  try {
    while (!signal.aborted) {
      send(bus, subject, own());
      await pause({ clock, delayMs: beatMs, signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    subscription.unsubscribe();
  }
}

function send(bus: Bus, subject: string, beat: ReplicaBeat): void {
  try {
    bus.publish({ subject, data: encodeMessage(beat) });
  } catch (error) {
    // Disconnected: the others hear nothing, which is the truth.
    if (!(error instanceof Failure)) throw error;
  }
}
