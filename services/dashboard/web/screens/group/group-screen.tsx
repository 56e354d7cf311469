/** One group: who is in it and who could be, each server's way to traffic, what it carries, and under which policy. */
import { useState } from 'react';
import type { GroupView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { GroupStanding } from '../../components/group-standing.tsx';
import { Link } from '../../components/link.tsx';
import { Reading } from '../../components/reading.tsx';
import { Screen } from '../../components/screen.tsx';
import { countsOf, countsText } from '../../components/status.ts';
import { useBlocked } from '../../components/use-command.ts';
import { useAt } from '../../data/place.ts';
import { groupTrafficText } from '../../components/traffic-text.ts';
import { useTraffic } from '../../data/traffic.ts';
import { useGroup, usePool, useServers } from '../../data/views.ts';
import { Arrival } from './arrival.tsx';
import { DeleteGroupDialog } from './delete-group-dialog.tsx';
import { DeploymentsPanel } from './deployments-panel.tsx';
import { Entrances } from './entrances.tsx';
import { GroupLines } from './group-lines.tsx';
import { MembersPanel } from './members-panel.tsx';
import { PolicyPanel } from './policy-panel.tsx';
import { RolloutsLink } from './rollouts-link.tsx';
import { WayPanel } from './way-panel.tsx';

export function GroupScreen({ group: id }: { readonly group: string }) {
  const group = useGroup(id);
  const servers = useServers();
  const pool = usePool(id);
  const [isDeleting, setDeleting] = useState(false);
  const blocked = useBlocked('admin');
  const at = useAt();
  const item = group.data?.item;
  return (
    <Screen
      title={item?.name ?? id}
      above={<Link to="/">Fleet</Link>}
      standing={item === undefined ? undefined : <Standing group={item} />}
      actions={
        <>
          <Entrances pool={pool.data?.item} />
          <RolloutsLink group={id} />
          <Button look="quiet" blocked={blocked} onPress={() => setDeleting(true)}>
            Delete
          </Button>
        </>
      }
    >
      <Reading of={group} what={`group ${id}`}>
        {({ item: found }) => (
          <div className="group">
            {at === null ? <Arrival group={found} /> : null}
            <div className="group-main">
              <Reading of={servers} what="the servers">
                {(byId) => (
                  <>
                    <MembersPanel group={found} servers={byId} />
                    <WayPanel group={found} servers={byId} pool={pool.data?.item} />
                  </>
                )}
              </Reading>
            </div>
            <div className="group-side">
              <DeploymentsPanel group={found} />
              <PolicyPanel group={found} />
              <GroupLines group={id} />
            </div>
            <DeleteGroupDialog group={found} isOpen={isDeleting} onClose={() => setDeleting(false)} />
          </div>
        )}
      </Reading>
    </Screen>
  );
}

function Standing({ group }: { readonly group: GroupView }) {
  const traffic = useTraffic()?.get(group.group);
  return (
    <>
      <GroupStanding group={group} />
      <span className="soft">{countsText(countsOf(group.servers.map(({ status }) => status)))}</span>
      {traffic === undefined ? null : <span className="faint numeric">{groupTrafficText(traffic)}</span>}
    </>
  );
}
