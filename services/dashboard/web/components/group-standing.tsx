/** How a group stands: its mark, and its word unless that stands beside it already. */
import { groupWord } from '../../../../schemas/group-word.ts';
import type { GroupView } from '../../../../schemas/views.ts';
import { useAt } from '../data/place.ts';
import { StatusMark } from './status-mark.tsx';

export interface GroupStandingProps {
  readonly group: Pick<GroupView, 'status' | 'servers'>;
  /** The shape alone for the eye; the word is read out all the same. */
  readonly isSmall?: boolean;
}

export function GroupStanding({ group, isSmall = false }: GroupStandingProps) {
  const mark = groupWord(group, { isPast: useAt() !== null });
  if (!isSmall) return <StatusMark mark={mark} />;
  return (
    <>
      <StatusMark mark={mark} word="" size={9} />
      <span className="unseen">{mark}: </span>
    </>
  );
}
