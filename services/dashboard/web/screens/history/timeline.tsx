/** The events as rows; one is chosen to look into it, or to see every screen as it was then. */
import { Button } from '../../components/button.tsx';
import { ProblemNote } from '../../components/problem-note.tsx';
import { momentText } from '../../components/time-text.ts';
import { VirtualRows } from '../../components/virtual-rows.tsx';
import { goTo } from '../../data/place.ts';
import type { Line } from '../../data/shapes.ts';
import type { Pages } from './use-pages.ts';

export interface TimelineProps {
  readonly pages: Pages;
  readonly chosen: number | null;
  readonly onChoose: (position: number) => void;
}

const columns = [
  { id: 'position', title: 'Position' },
  { id: 'time', title: 'When' },
  { id: 'text', title: 'What' },
  { id: 'who', title: 'Who asked' },
  { id: 'then', title: 'See' },
];

export function Timeline({ pages, chosen, onChoose }: TimelineProps) {
  const { lines, error, isReading, hasMore, readMore } = pages;
  return (
    <>
      {error === null ? null : <ProblemNote caught={error} what="The events could not be read" />}
      <VirtualRows
        label="Events, newest first"
        className="timeline"
        columns={columns}
        rows={lines}
        keyOf={({ event }) => event.position}
        shownMax={18}
        isMarked={({ event }) => event.position === chosen}
        onEnd={readMore}
        empty={isReading ? 'Reading…' : 'Nothing of the kind has happened. Next: clear a filter.'}
        cells={(line) => cellsOf(line, onChoose)}
      />
      {hasMore ? (
        <p className="inset">
          <Button size="small" look="quiet" onPress={readMore} isDisabled={isReading}>
            {isReading ? 'Reading…' : 'Read further back'}
          </Button>
        </p>
      ) : null}
    </>
  );
}

function cellsOf({ text, trouble, event }: Line, onChoose: (position: number) => void) {
  const { position, at, principal, reason } = event;
  return [
    <span key="position" className="mono faint numeric">
      {position}
    </span>,
    <time key="time" className="mono faint" dateTime={new Date(at).toISOString()}>
      {momentText(at)}
    </time>,
    <Button key="text" look="quiet" size="small" onPress={() => onChoose(position)}>
      {trouble ? <span className="line-flag">!</span> : null}
      <span className="cut">
        {text}
        {reason === undefined ? '' : ` “${reason}”`}
      </span>
    </Button>,
    <span key="who" className="faint cut">
      {principal}
    </span>,
    <Button
      key="then"
      size="small"
      look="quiet"
      aria-label={`then: every screen as it was at ${position}`}
      onPress={() => goTo(position)}
    >
      then
    </Button>,
  ];
}
