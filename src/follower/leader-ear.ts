/** Hears the leader: who leads, by its newest beat, and that nobody does when beats are missing. */
import type { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { LeaderBeat } from '../../schemas/coordinators.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock, Timer } from '../std/clock.ts';
import { messageOrNothing } from '../wire/message.ts';

/** The leader beats every second; with four missed a standby tries to lead. */
const silentAfterMs = 4_000;

export interface LeaderEarOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
  /** Another one leads than before, or none. */
  readonly onChange: () => void;
}

export function hearLeader({ bus, fleet, clock, onChange }: LeaderEarOptions): {
  beat(): LeaderBeat | null;
  stop(): void;
} {
  let newest: LeaderBeat | null = null;
  let silence: Timer | undefined;
  const take = (beat: LeaderBeat | null) => {
    const changed = beat?.instance !== newest?.instance || beat?.term !== newest?.term;
    newest = beat;
    silence?.cancel();
    if (beat !== null) silence = clock.after(silentAfterMs, () => take(null));
    if (changed) onChange();
  };
  const subscription = bus.subscribe({
    subject: subjects.leaderBeat(fleet),
    onMessage({ data }) {
      const beat = messageOrNothing(LeaderBeat, data);
      // One of an older reign may still be on its way when the newer one has begun.
      if (beat === undefined || (newest !== null && beat.log === newest.log && beat.term < newest.term)) return;
      take(beat.leaving ? null : beat);
    },
  });
  return {
    beat: () => newest,
    stop() {
      silence?.cancel();
      subscription.unsubscribe();
    },
  };
}
