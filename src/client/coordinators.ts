/** Which coordinators serve the fleet: heard from their own beats, which each sends whether it leads or stands by. */
import type { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { ReplicaBeat } from '../../schemas/coordinators.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { messageOrNothing } from '../wire/message.ts';

export interface CoordinatorsOptions {
  /** How long to listen, in milliseconds. Default: two beats of every coordinator that lives, and a little more. */
  readonly listenMs?: number;
  readonly signal?: AbortSignal;
}

/** A replica beats once a second. */
const listenMsDefault = 2_500;

/** The newest word of each, the leader first, then by name. Empty: none lives, or none can be heard. */
export async function coordinators(
  { bus, fleet, clock }: { readonly bus: Bus; readonly fleet: FleetId; readonly clock: Clock },
  { listenMs: delayMs = listenMsDefault, signal }: CoordinatorsOptions = {},
): Promise<readonly ReplicaBeat[]> {
  const beatByInstance = new Map<string, ReplicaBeat>();
  const subscription = bus.subscribe({
    subject: subjects.replicaBeat(fleet),
    onMessage: ({ data }) => {
      const beat = messageOrNothing(ReplicaBeat, data);
      if (beat !== undefined) beatByInstance.set(beat.instance, beat);
    },
  });
  try {
    await pause({ clock, delayMs, ...(signal === undefined ? {} : { signal }) });
  } finally {
    subscription.unsubscribe();
  }
  return [...beatByInstance.values()].sort(byRoleThenName);
}

function byRoleThenName(a: ReplicaBeat, b: ReplicaBeat): number {
  if (a.role !== b.role) return a.role === 'leader' ? -1 : 1;
  return a.instance < b.instance ? -1 : 1;
}
