/** What an acknowledged change survives, for people. */
import type { CoordinatorView } from '../../schemas/coordinators.ts';

export const durabilityWords: Readonly<Record<CoordinatorView['durability'], string>> = {
  'fsync-always': 'durable (synced before it is acknowledged)',
  'fsync-interval': 'NOT DURABLE (a power cut may lose what was acknowledged)',
  unknown: 'unknown (name the servers by --nats-monitor)',
};
