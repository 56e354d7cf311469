/** How new versions reach a group: what is under way, step by step, and what came of those before. */
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { Screen } from '../../components/screen.tsx';
import { useFleet, useRollouts } from '../../data/views.ts';
import { PastRollouts } from './past-rollouts.tsx';
import { RolloutLines } from './rollout-lines.tsx';
import { UnderWay } from './under-way.tsx';

export function RolloutScreen({ group }: { readonly group: string }) {
  const fleet = useFleet();
  const rollouts = useRollouts(group);
  const name = fleet.data?.item.groups.find((each) => each.group === group)?.name ?? group;
  const items = rollouts.data?.items ?? [];
  const underWay = items.filter(({ progress }) => progress !== null);
  return (
    <Screen
      title={`Rollouts of ${name}`}
      above={
        <>
          <Link to="/">Fleet</Link>
          <Link to={`/groups/${group}`}>{name}</Link>
        </>
      }
      standing={
        rollouts.data === undefined ? undefined : (
          <span className="soft">
            {underWay.length === 0 ? 'none under way' : `${underWay.length} under way`},{' '}
            {items.length - underWay.length} over
          </span>
        )
      }
    >
      <Reading of={rollouts} what={`the rollouts of ${name}`}>
        {() => (
          <div className="rollout">
            <div className="rollout-main">
              {underWay.map((rollout) => (
                <UnderWay key={rollout.rollout} rollout={rollout} name={name} />
              ))}
              {underWay.length > 0 ? null : (
                <Panel title="Under way">
                  <Empty title="No rollout is under way" command={`muster deploy hello@1.1.0 ${name}`}>
                    Deploy another version, here or on the group's screen, and watch it arrive server by server.
                  </Empty>
                </Panel>
              )}
              <PastRollouts rollouts={items.filter(({ progress }) => progress === null)} />
            </div>
            <div className="rollout-side">
              <RolloutLines group={group} />
            </div>
          </div>
        )}
      </Reading>
    </Screen>
  );
}
