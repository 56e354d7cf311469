/** Which commands make sense for a server as it stands, the likeliest first, and what each means. Pure. */
import type { ServerView } from '../../../../../schemas/views.ts';

export interface ServerAction {
  readonly type:
    | 'server.retry'
    | 'server.uncordon'
    | 'server.drain'
    | 'server.cordon'
    | 'server.leave'
    | 'server.retire';
  readonly label: string;
  readonly meaning: string;
}

const retry: ServerAction = {
  type: 'server.retry',
  label: 'Retry',
  meaning: 'Everything it should hold is tried again from the start.',
};
const uncordon: ServerAction = {
  type: 'server.uncordon',
  label: 'Uncordon',
  meaning: 'It may enter the pool again, once it holds everything.',
};
const drain: ServerAction = {
  type: 'server.drain',
  label: 'Drain',
  meaning: 'Out of the pool in the order that loses no request; it stays a member and goes on syncing.',
};
const cordon: ServerAction = {
  type: 'server.cordon',
  label: 'Cordon',
  meaning: 'Once out of the pool it does not enter again. One that is in stays in.',
};
const leave: ServerAction = {
  type: 'server.leave',
  label: 'Leave its group',
  meaning: 'Out of the pool, every balancer confirms, what is in flight finishes; then it is available.',
};
const retire: ServerAction = {
  type: 'server.retire',
  label: 'Retire',
  meaning: 'It leaves its group as above, and the fleet forgets it. It comes back when it is started anew.',
};

export function actionsFor({ status, group, cordoned }: ServerView): readonly ServerAction[] {
  if (group === null) return [retire];
  const actions = [cordoned || status === 'draining' ? uncordon : drain, leave, ...(cordoned ? [] : [cordon]), retire];
  return status === 'failed' || status === 'retrying' ? [retry, ...actions] : actions;
}
