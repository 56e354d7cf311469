/** Which screen an address names. */
import type { ReactNode } from 'react';
import { FleetScreen } from '../fleet/fleet-screen.tsx';
import { GroupScreen } from '../group/group-screen.tsx';
import { HistoryScreen } from '../history/history-screen.tsx';
import { ProjectsScreen } from '../projects/projects-screen.tsx';
import { RolloutScreen } from '../rollout/rollout-screen.tsx';
import { ServerScreen } from '../server/server-screen.tsx';
import { NowhereScreen } from './nowhere-screen.tsx';

export function screenAt(path: string): ReactNode {
  const [, noun = '', id = '', part = ''] = path.split('/');
  switch (noun) {
    case '':
      return <FleetScreen />;
    case 'groups':
      if (part === 'rollouts') return <RolloutScreen key={id} group={id} />;
      if (part === '' && id !== '') return <GroupScreen key={id} group={id} />;
      break;
    case 'servers':
      if (id !== '') return <ServerScreen key={id} server={id} />;
      break;
    case 'projects':
      return <ProjectsScreen project={id} />;
    case 'history':
      return <HistoryScreen />;
    default:
      break;
  }
  return <NowhereScreen path={path} />;
}
