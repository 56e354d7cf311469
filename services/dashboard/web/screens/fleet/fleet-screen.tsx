/** Every group at a glance: a square a server, what it carries, whether it is as it should be, and who sends traffic. */
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Empty } from '../../components/empty.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { Screen } from '../../components/screen.tsx';
import { Squares } from '../../components/squares.tsx';
import { countsOf, countsText } from '../../components/status.ts';
import { useBlocked } from '../../components/use-command.ts';
import type { FleetView } from '../../data/shapes.ts';
import { useTraffic } from '../../data/traffic.ts';
import { useFleet } from '../../data/views.ts';
import { BalancersPanel } from './balancers-panel.tsx';
import { CoordinatorsPanel } from './coordinators-panel.tsx';
import { GroupCard } from './group-card.tsx';
import { Legend } from './legend.tsx';
import { LinesPanel } from './lines-panel.tsx';
import { NewGroupDialog } from './new-group-dialog.tsx';

export function FleetScreen() {
  const fleet = useFleet();
  const [isCreating, setCreating] = useState(false);
  const blocked = useBlocked('admin');
  const trafficBy = useTraffic();
  return (
    <Screen
      title="Fleet"
      standing={fleet.data === undefined ? undefined : <FleetStanding fleet={fleet.data.item} />}
      actions={
        <Button blocked={blocked} onPress={() => setCreating(true)}>
          New group
        </Button>
      }
    >
      <Reading of={fleet} what="the fleet">
        {({ item }) => (
          <div className="fleet">
            <div className="fleet-groups">
              <Legend />
              {item.groups.length === 0 ? (
                <Empty title="No group yet" command="muster group create Production">
                  A group is a named set of gateway servers that carry the same projects.
                </Empty>
              ) : null}
              <div className="fleet-cards">
                {item.groups.map((group) => (
                  <GroupCard key={group.group} group={group} traffic={trafficBy?.get(group.group)} />
                ))}
              </div>
              <AvailablePanel servers={item.available} />
            </div>
            <div className="fleet-side">
              <CoordinatorsPanel fleet={item} />
              <BalancersPanel balancers={item.balancers} />
              <LinesPanel />
            </div>
          </div>
        )}
      </Reading>
      <NewGroupDialog isOpen={isCreating} onClose={() => setCreating(false)} />
    </Screen>
  );
}

function FleetStanding({ fleet }: { readonly fleet: FleetView }) {
  const all = [...fleet.groups.flatMap(({ servers }) => servers), ...fleet.available];
  return (
    <span className="soft">
      {fleet.groups.length} groups, {all.length} servers ({countsText(countsOf(all.map(({ status }) => status)))}),{' '}
      {fleet.projects} projects
    </span>
  );
}

function AvailablePanel({ servers }: { readonly servers: FleetView['available'] }) {
  return (
    <Panel title="Available servers" note={`${servers.length} in no group`}>
      {servers.length === 0 ? (
        <Empty title="Every server is in a group" command="muster gateway run --name web3 --listen 127.0.0.1:0">
          A server that starts shows up here by itself; then put it into a group.
        </Empty>
      ) : (
        <Squares label="Available servers" servers={servers} />
      )}
    </Panel>
  );
}
