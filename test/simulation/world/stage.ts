/** What everybody in a story shares. */
import type { FleetId } from '../../../schemas/ids.ts';
import type { Listener } from '../nats/bus.ts';
import type { SimNats } from '../nats/server.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

export const fleet = 'main' as FleetId;

export interface Stage {
  readonly scheduler: Scheduler;
  readonly story: Story;
  readonly chance: Chance;
  readonly nats: SimNats;
  readonly listener: Listener;
}
