/** Hears every coordinator, leading or standing by, by what each says of itself once a second. */
import type { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { ReplicaBeat } from '../../schemas/coordinators.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { messageOrNothing } from '../wire/message.ts';

/** Four beats missed: it is gone, or cut off. */
const silentAfterMs = 4_000;

export function hearReplicas({
  bus,
  fleet,
  clock,
}: {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
}): {
  /** Those that live, the leader first, then by name. */
  living(): readonly ReplicaBeat[];
  stop(): void;
} {
  const heardByInstance = new Map<string, { readonly beat: ReplicaBeat; readonly heardAt: number }>();
  const forget = () => {
    for (const [instance, { heardAt }] of heardByInstance) {
      if (clock.monotonic() - heardAt > silentAfterMs) heardByInstance.delete(instance);
    }
  };
  const subscription = bus.subscribe({
    subject: subjects.replicaBeat(fleet),
    onMessage({ data }) {
      const beat = messageOrNothing(ReplicaBeat, data);
      if (beat === undefined) return;
      heardByInstance.set(beat.instance, { beat, heardAt: clock.monotonic() });
      forget();
    },
  });
  return {
    living() {
      forget();
      return [...heardByInstance.values()].map(({ beat }) => beat).sort(byRoleThenName);
    },
    stop: () => subscription.unsubscribe(),
  };
}

function byRoleThenName(a: ReplicaBeat, b: ReplicaBeat): number {
  if (a.role !== b.role) return a.role === 'leader' ? -1 : 1;
  return a.instance < b.instance ? -1 : 1;
}
