/** What each event is filed under in the feed. */
import type { EventType } from './events.ts';
import type { Concern } from './subjects.ts';

/** The kind of thing each event is filed under in the feed; a move under the group it goes to. */
export const concernKindByEvent: { readonly [T in EventType]: Concern['kind'] } = {
  'fleet.created': 'fleet',
  'coordinator.elected': 'fleet',
  'command.rejected': 'fleet',
  'group.created': 'group',
  'group.configured': 'group',
  'group.deleted': 'group',
  'group.servers-set': 'group',
  'server.registered': 'server',
  'server.configured': 'server',
  'server.joined': 'group',
  'server.leaving': 'group',
  'server.moving': 'group',
  'server.retiring': 'group',
  'server.retired': 'server',
  'server.ready': 'group',
  'server.sync-failed': 'group',
  'server.left': 'group',
  'project.published': 'project',
  'project.deprecated': 'project',
  'project.retired': 'project',
  'deployment.requested': 'group',
  'deployment.withdrawn': 'group',
  'balancer.registered': 'balancer',
  'balancer.retired': 'balancer',
};
